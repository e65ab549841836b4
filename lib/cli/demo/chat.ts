import type { ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { compose } from './answer.ts'
import { sendJson } from './exchange.ts'
import type { Life } from './life.ts'

// 25 tokens a second, which can be read along.
const TOKEN_MS = 40

/** Answers a chat request: whole, or as a stream of tokens that ends when the client leaves. */
export async function answerChat (body: Record<string, unknown>, response: ServerResponse, life: Life, role: string): Promise<void> {
  const { model } = life
  const prompt = promptOf(body['messages'])
  const all = tokensOf(compose(role, model, life.tell(), prompt))
  const limit = Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? Infinity)
  const tokens = all.slice(0, limit > 0 ? limit : Infinity)
  const finishReason = tokens.length < all.length ? 'length' : 'stop'
  const promptTokens = tokensOf(prompt).length
  const usage = { prompt_tokens: promptTokens, completion_tokens: tokens.length, total_tokens: promptTokens + tokens.length }
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model }
  if (body['stream'] !== true) {
    const message = { role: 'assistant', content: tokens.join('') }
    return sendJson(response, { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finishReason }], usage })
  }

  const send = (data: object): void => { response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...data })}\n\n`) }
  const delta = (delta: object, reason: string | null = null): object => ({ choices: [{ index: 0, delta, finish_reason: reason }] })
  const asksForUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  send(delta({ role: 'assistant', content: '' }))
  for (const [index, token] of tokens.entries()) {
    await setTimeout(TOKEN_MS)
    if (response.destroyed) return life.say(`the client left: stopped after ${index} of ${tokens.length} tokens`)
    send(delta({ content: token }))
  }
  // OpenAI's own way of usage has a chunk without choices, which only those who asked for it expect.
  send(asksForUsage ? delta({}, finishReason) : { ...delta({}, finishReason), usage })
  if (asksForUsage) send({ choices: [], usage })
  response.end('data: [DONE]\n\n')
}

/** The text of the last message of the user; its content may be a text or a list of parts. */
function promptOf (messages: unknown): string {
  const list = Array.isArray(messages) ? messages as Array<{ role?: unknown, content?: unknown } | null> : []
  const content = list.findLast((message) => message?.role === 'user')?.content
  if (typeof content === 'string') return content
  const parts = Array.isArray(content) ? content as Array<{ text?: unknown } | null> : []
  return parts.map((part) => typeof part?.text === 'string' ? part.text : '').join(' ')
}

// Words with the space before them.
function tokensOf (text: string): string[] {
  return text.match(/\s*\S+/g) ?? []
}
