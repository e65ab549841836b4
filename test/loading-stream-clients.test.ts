// What the clients that people use make of a loading stream: the same as of a warm model's answer, and of its errors an error.
import Anthropic from '@anthropic-ai/sdk'
import { AIMessageChunk } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import OpenAI from 'openai'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'

const config = {
  sendLoadingState: true,
  models: {
    a: { cmd: upstreamCommand({ name: 'a', loadMs: 200 }) },
    broken: { cmd: upstreamCommand({ exitAfterMs: 200, exitCode: 3, neverReady: true }) }
  }
}
const messages = [{ role: 'user' as const, content: 'hello' }]

interface Gateway { readonly url: string, readonly fetch?: typeof fetch }
const openai = ({ url, fetch }: Gateway): OpenAI => new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0, fetch })
const anthropic = ({ url, fetch }: Gateway): Anthropic => new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0, fetch })

async function all<Item> (items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Asks twice, a cold model and a warm one; looks at the wire for the loading stream. */
async function coldAndWarm<Answer> (t: Test, ask: (gateway: Gateway) => Promise<Answer>): Promise<{ cold: Answer, warm: Answer }> {
  const { url, states } = await startApp(t, config)
  const wires: Array<Promise<string>> = []
  const gateway: Gateway = {
    url,
    async fetch (...values) {
      const response = await fetch(...values)
      const [own, wire] = response.body!.tee()
      wires.push(new Response(wire).text())
      return new Response(own, response)
    }
  }
  const answers = { cold: await ask(gateway), warm: await ask(gateway) }
  t.strictSame(states, ['a stopped>starting', 'a starting>ready'])
  t.strictSame((await Promise.all(wires)).map((wire) => wire.includes('loading model: a')), [true, false])
  return answers
}

/** Without what changes with time. */
const timeless = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, item: unknown) => ['upstream', 'created', 'created_at', 'completed_at'].includes(key) ? undefined : item))

t.test('openai: the chunks of chat', async (t) => {
  const { cold, warm } = await coldAndWarm(t, async (gateway) => all(await openai(gateway).chat.completions.create({ model: 'a', messages, stream: true })))
  const reasoning = (chunk: OpenAI.ChatCompletionChunk): string | undefined => (chunk.choices[0]!.delta as { reasoning_content?: string }).reasoning_content
  t.match(cold.map(reasoning).join(''), /^━━━━━\nllama-swap loading model: a\n\nThe server is starting \(0\.0\ds\) [^]*\nDone! \(\d\.\d\ds\)\n━━━━━\n \n$/)
  t.strictSame(timeless(cold.filter((chunk) => reasoning(chunk) === undefined)), timeless(warm), 'the rest is the same')
  t.equal(cold.map(({ choices: [choice] }) => choice!.delta.content ?? '').join(''), 'a 0 a 1 a 2 a 3 a 4 ')
})

t.test('openai: the helper that puts chunks together', async (t) => {
  const { cold, warm } = await coldAndWarm(t, (gateway) => openai(gateway).chat.completions.stream({ model: 'a', messages }).finalChatCompletion())
  const { message } = cold.choices[0]!
  delete (message as { reasoning_content?: string }).reasoning_content
  t.strictSame(timeless(cold), timeless(warm))
  t.match(cold, { id: 'chatcmpl-1', choices: [{ message: { role: 'assistant', content: 'a 0 a 1 a 2 a 3 a 4 ' } }] })
})

t.test('openai: completions', async (t) => {
  const { cold, warm } = await coldAndWarm(t, async (gateway) => all(await openai(gateway).completions.create({ model: 'a', prompt: 'hello', stream: true })))
  t.strictSame(timeless(cold), timeless(warm))
  t.equal(cold.length, 5)
})

t.test('openai: responses', async (t) => {
  const { cold, warm } = await coldAndWarm(t, async (gateway) => all(await openai(gateway).responses.create({ model: 'a', input: 'hello', stream: true })))
  t.strictSame(timeless(cold), timeless(warm))
  t.equal(cold.at(-1)!.type, 'response.completed')
})

t.test('openai: the helper for responses', async (t) => {
  const { cold, warm } = await coldAndWarm(t, (gateway) => openai(gateway).responses.stream({ model: 'a', input: 'hello' }).finalResponse())
  t.strictSame(timeless(cold), timeless(warm))
})

t.test('openai: an error in the stream is thrown', async (t) => {
  for (const ask of [
    async (client: OpenAI, model: string): Promise<unknown> => all(await client.chat.completions.create({ model, messages, stream: true })),
    async (client: OpenAI, model: string): Promise<unknown> => client.chat.completions.stream({ model, messages }).finalContent(),
    async (client: OpenAI, model: string): Promise<unknown> => all(await client.completions.create({ model, prompt: 'hello', stream: true })),
    async (client: OpenAI, model: string): Promise<unknown> => all(await client.responses.create({ model, input: 'hello', stream: true }))
  ]) {
    const client = openai(await startApp(t, config))
    await t.rejects(ask(client, 'broken'), { constructor: OpenAI.APIError, code: 'start_failed', message: /could not be started: it exited with code 3/ })
  }
  const { url } = await startApp(t, config)
  const failing = openai({ url }).chat.completions.create({ model: 'a', messages, stream: true, fault: { status: 418 } } as unknown as OpenAI.ChatCompletionCreateParamsStreaming)
  await t.rejects(failing.then(all), { constructor: OpenAI.APIError, message: 'a fails on demand', code: 418 }, 'the server\'s own')
})

t.test('anthropic: events, and the helper that puts them together', async (t) => {
  const { cold, warm } = await coldAndWarm(t, async (gateway) => {
    const stream = anthropic(gateway).messages.stream({ model: 'a', max_tokens: 9, messages })
    return { events: await all(stream), message: await stream.finalMessage() }
  })
  t.strictSame(timeless(cold), timeless(warm))
  t.match(cold.message, { role: 'assistant', content: [{ type: 'text', text: 'a 0 a 1 a 2 a 3 a 4 ' }] })
})

t.test('anthropic: an error in the stream is thrown', async (t) => {
  const client = anthropic(await startApp(t, config))
  const ask = async (): Promise<unknown> => all(await client.messages.create({ model: 'broken', max_tokens: 9, messages, stream: true }))
  await t.rejects(ask(), { constructor: Anthropic.APIError, type: 'api_error', message: /could not be started: it exited with code 3/ })
})

// Without a role in the first chunk it would make the whole a message of nobody's, which has no tool calls.
t.test('langchain: tool calls', async (t) => {
  const chunk = (delta: object, reason: string | null = null): string => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'a', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
  const call = { index: 0, id: 'call', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } }
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(chunk({ role: 'assistant', content: null }) + chunk({ tool_calls: [call] }) + chunk({}, 'tool_calls') + 'data: [DONE]\n\n')
  })
  const { url, started } = await virtualGateway(t, { sendLoadingState: true, models: { a: virtualModel } })
  const asked = new ChatOpenAI({ model: 'a', apiKey: 'none', maxRetries: 0, configuration: { baseURL: `${url}/v1` } }).stream('hello').then(all)
  ;(await started(1)).placeAt(origin)
  const message = (await asked).reduce((whole, next) => whole.concat(next))
  t.ok(message instanceof AIMessageChunk)
  t.match(message, { content: '', tool_calls: [{ name: 'look', args: { at: 'it' } }] })
  t.match(message.additional_kwargs, { reasoning_content: /^━━━━━\nllama-swap loading model: a\n[^]*Done!/ })
  t.ok(message.id, 'an id of its own')
})
