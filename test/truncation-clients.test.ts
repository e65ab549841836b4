// A server that dies in the middle of its answer, as real clients see it: an error, never an answer that looks whole.
import Anthropic from '@anthropic-ai/sdk'
import { execa } from 'execa'
import OpenAI from 'openai'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { Fault } from 'fastify-llama-swap/testing'
import { startApp } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }
const messages = [{ role: 'user' as const, content: 'hello' }]

const streams: Record<string, Fault> = {
  'before its headers': { die: 'fin', dieBeforeHeaders: true },
  'after its headers': { die: 'fin' },
  'between two events': { die: 'fin', dieAfterChunks: 2 },
  'between two events, by a reset': { die: 'rst', dieAfterChunks: 2 },
  'in the middle of an event': { die: 'fin', dieAfterChunks: 2, dieMidEvent: true },
  'in the middle of a compressed event': { die: 'fin', dieAfterChunks: 2, dieMidEvent: true, gzip: true }
}
const plains: Record<string, Fault> = {
  'before its headers': { die: 'fin', dieBeforeHeaders: true },
  'after its headers': { die: 'fin' },
  'in the middle of its body': { die: 'fin', dieMidEvent: true },
  'short of its Content-Length': { contentLengthShort: true }
}

/** Reads a stream of events until it ends or breaks off; whether it ended, and how many there were. */
async function read (events: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  const iterator = events[Symbol.asyncIterator]()
  while (!(await iterator.next()).done) count++
  return count
}

t.test('openai', async (t) => {
  const { url } = await startApp(t, { models })
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, logLevel: 'off' })
  for (const [when, fault] of Object.entries(streams)) {
    await t.rejects(async () => read(await client.chat.completions.create({ model: 'a', messages, stream: true, fault } as OpenAI.ChatCompletionCreateParamsStreaming)), `streamed, ${when}`)
  }
  for (const [when, fault] of Object.entries(plains)) {
    await t.rejects(client.chat.completions.create({ model: 'a', messages, fault } as OpenAI.ChatCompletionCreateParamsNonStreaming), when)
  }
  const whole = await client.chat.completions.create({ model: 'a', messages, stream: true })
  t.ok(await read(whole) > 0, 'a whole stream is no error')
})

t.test('openai: the error in the stream has our code', async (t) => {
  const { url } = await startApp(t, { models })
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, logLevel: 'off' })
  const error = await client.chat.completions.create({ model: 'a', messages, stream: true, fault: streams['between two events'] } as OpenAI.ChatCompletionCreateParamsStreaming)
    .then(read).then(() => undefined, (error: InstanceType<typeof OpenAI.APIError>) => error)
  t.type(error, OpenAI.APIError)
  t.equal(error!.code, 'upstream_truncated')
})

t.test('@anthropic-ai/sdk', async (t) => {
  const { url } = await startApp(t, { models })
  const client = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0, logLevel: 'off' })
  const params = { model: 'a', messages, max_tokens: 9 }
  for (const [when, fault] of Object.entries(streams)) {
    await t.rejects(async () => read(await client.messages.create({ ...params, stream: true, fault } as Anthropic.MessageCreateParamsStreaming)), `streamed, ${when}`)
  }
  for (const [when, fault] of Object.entries(plains)) {
    await t.rejects(client.messages.create({ ...params, fault } as Anthropic.MessageCreateParamsNonStreaming), when)
  }
  t.ok(await read(await client.messages.create({ ...params, stream: true })) > 0, 'a whole stream is no error')
})

t.test('fetch', async (t) => {
  const { chat } = await startApp(t, { models })
  const whole = async (body: object): Promise<string> => {
    const answer = await chat('a', body)
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    return answer.text()
  }
  for (const [when, fault] of Object.entries(streams)) await t.rejects(whole({ stream: true, fault }), `streamed, ${when}`)
  for (const [when, fault] of Object.entries(plains)) await t.rejects(whole({ fault }), when)
})

t.test('curl', async (t) => {
  const { url } = await startApp(t, { models })
  const curl = async (version: string, body: object): Promise<number> => {
    const args = ['-sS', '--fail', version, '--compressed', `${url}/v1/chat/completions`, '-H', 'content-type: application/json', '-d', JSON.stringify({ model: 'a', messages: [], ...body })]
    return (await execa('curl', args, { reject: false })).exitCode!
  }
  for (const [when, fault] of Object.entries(streams)) t.not(await curl('--http1.1', { stream: true, fault }), 0, `streamed, ${when}`)
  for (const [when, fault] of Object.entries(plains)) t.not(await curl('--http1.1', { fault }), 0, when)
  t.equal(await curl('--http1.1', { stream: true }), 0, 'a whole stream is no error')
  // An answer without a length or chunks ends with its connection: HTTP/1.0 can tell a broken stream only by the error event.
  t.equal(await curl('--http1.0', { stream: true }), 0)
})
