// Clients besides OpenAI's own, against a real llama-server.
import Anthropic from '@anthropic-ai/sdk'
import { ChatOpenAI } from '@langchain/openai'
import { execa } from 'execa'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../helper/app.ts'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const server = await serverOrSkip(t)
if (server !== undefined) {
  const files = models()
  const test = await startReal(t, {
    chat: command(server, files['chat-a']),
    endless: command(server, files.endless, { context: 32_768 }),
    embed: command(server, files.embed, { flags: ['--embeddings'] })
  })
  const { app, url, client } = test
  const messages = [{ role: 'user' as const, content: 'hello world' }]
  const question = { model: 'chat', messages, max_tokens: 16, temperature: 0, seed: 1 }
  const leases = (): number => app.llamaSwap.status().models.reduce((sum, model) => sum + model.leases, 0)

  t.test('openai: a model by its id, and an abort in the middle of a stream', async (t) => {
    t.equal((await client.models.retrieve('chat')).id, 'chat')
    const stream = await client.chat.completions.create({ model: 'endless', messages, stream: true })
    t.notOk((await stream[Symbol.asyncIterator]().next()).done)
    t.equal(leases(), 1)
    stream.controller.abort()
    await until(() => leases() === 0)
    t.equal((await client.chat.completions.create(question)).choices.length, 1, 'the next is served')
  })

  t.test('@anthropic-ai/sdk on /v1/messages: an answer and a stream or, from a server that does not know them, its 404', async (t) => {
    const anthropic = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 })
    const params = { model: 'chat', messages, max_tokens: 16, temperature: 0 }
    const message = await anthropic.messages.create(params).catch((error: InstanceType<typeof Anthropic.APIError>) => error)
    if (message instanceof Error) {
      t.equal(message.status, 404, 'an older llama-server')
      t.comment('this llama-server has no /v1/messages')
    } else {
      t.match(message.content, [{ type: 'text', text: /\w/ }])
      const stream = anthropic.messages.stream(params)
      const final = await stream.finalMessage()
      t.strictSame(final.content, message.content, 'the stream says the same')
    }
    await t.rejects(anthropic.messages.create({ ...params, model: 'nobody' }), { status: 404, message: /not_found_error.*nobody/ })
  })

  t.test('LangChain: a chat, and a streamed one', async (t) => {
    const chat = new ChatOpenAI({ model: 'chat', apiKey: 'none', temperature: 0, maxTokens: 16, maxRetries: 0, configuration: { baseURL: `${url}/v1` } })
    const answer = await chat.invoke('hello world')
    t.match(answer.content, /\w/)
    let text = ''
    for await (const chunk of await chat.stream('hello world')) text += chunk.content as string
    t.equal(text, answer.content)
  })

  t.test('curl: HTTP/1.0, Expect with 5 MB, a chunked upload', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-swap-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const small = join(folder, 'small.json')
    const large = join(folder, 'large.json')
    writeFileSync(small, JSON.stringify(question))
    // What the server does not know it ignores.
    writeFileSync(large, JSON.stringify({ ...question, padding: 'x'.repeat(5 * 1024 * 1024) }))
    const curl = async (...args: string[]): Promise<unknown> => {
      const { stdout } = await execa('curl', ['-sS', '--fail-with-body', `${url}/v1/chat/completions`, '-H', 'content-type: application/json', ...args])
      return JSON.parse(stdout)
    }
    const expected = { choices: [{ message: { role: 'assistant' } }] }
    t.match(await curl('--http1.0', '--data-binary', `@${small}`), expected, 'HTTP/1.0')
    t.match(await curl('--data-binary', `@${large}`, '-H', 'Expect: 100-continue'), expected, 'Expect')
    t.match(await curl('--data-binary', `@${large}`, '-H', 'Transfer-Encoding: chunked'), expected, 'chunked')
    const { stdout } = await execa('curl', ['-sSN', '--http1.0', `${url}/v1/chat/completions`, '-H', 'content-type: application/json', '-d', JSON.stringify({ ...question, stream: true })])
    t.match(stdout, /data: \[DONE\]/, 'a stream by HTTP/1.0')
  })
}
