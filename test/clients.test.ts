// What real clients were seen to need of a gateway, in the order of the list that these come from.
import Anthropic from '@anthropic-ai/sdk'
import { execa } from 'execa'
import { connect } from 'node:net'
import { request } from 'node:http'
import OpenAI from 'openai'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }), aliases: ['org/a'] } }
const json = { 'content-type': 'application/json' }
const messages = [{ role: 'user' as const, content: 'hello' }]

/** Everything that comes on a raw connection until it ends, or until `isEnough`. */
function raw (url: string, text: string, isEnough: (seen: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => {
      seen += chunk.toString()
      if (isEnough(seen)) socket.destroy()
    }).on('close', () => resolve(seen)).on('error', reject)
  })
}

// 1, truncation, is truncation-clients.test.ts.

t.test('2. `Expect: 100-continue` is answered once, and not passed on', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  const body = '{"model":"a"}'
  const seen = await raw(url, `POST /upstream/a/echo/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
  t.equal(seen.match(/HTTP\/1\.1 100 Continue/g)?.length, 1)
  t.match(seen, /HTTP\/1\.1 200 OK/)
  t.notMatch(seen, /"expect"/)
  // What a server says before its answer is not passed on: some clients take it for the answer. A 100 that nobody asked for undici takes for an error.
  for (const [informational, status] of [[100, '502 Bad Gateway'], [102, '200 OK'], [103, '200 OK']] as const) {
    const asked = JSON.stringify({ model: 'a', fault: { informational } })
    t.match(await raw(url, `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${asked.length}\r\nConnection: close\r\n\r\n${asked}`), new RegExp(`^HTTP/1\\.1 ${status}\r\n`), `${informational}`)
  }
})

// 3, `Upgrade: h2c`, is upgrade-h2c.test.ts.

t.test('4. models.retrieve, slashed ids included', async (t) => {
  const { url } = await startApp(t, { models })
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  t.equal((await client.models.retrieve('a')).id, 'a')
  t.equal((await client.models.retrieve('org/a')).id, 'org/a')
  await t.rejects(client.models.retrieve('nobody'), { status: 404, code: 'model_not_found' })
})

t.test('5. an unknown model: 404 that names it, with OpenAI\'s own code', async (t) => {
  const { url } = await startApp(t, { models })
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  await t.rejects(client.chat.completions.create({ model: 'gpt-9', messages }), { status: 404, code: 'model_not_found', message: /gpt-9/ })
})

t.test('6. Anthropic routes answer errors in Anthropic\'s way', async (t) => {
  const { url } = await startApp(t, { models })
  for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/v/messages', '/v/messages/count_tokens']) {
    const answer = await fetch(url + path, { method: 'POST', headers: json, body: '{"model":"nobody"}' })
    t.match(await answer.json(), { type: 'error', error: { type: 'not_found_error', message: /nobody/ } }, path)
  }
})

t.test('7. a form keeps each part\'s own type and order; `model` may be the last', async (t) => {
  const { url } = await startApp(t, { models: { a: { ...models.a, useModelName: 'whisper' } } })
  const form = new FormData()
  form.append('file', new Blob([Buffer.from([0, 13, 10, 255])], { type: 'audio/wav' }), 'a.wav')
  form.append('language', 'en')
  form.append('model', 'a')
  const answer = await (await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form })).json() as { fields: Array<{ name: string, filename?: string, type?: string, contentType?: string, size?: number, bytes?: number, value?: string }> }
  t.strictSame(answer.fields.map(({ name }) => name), ['file', 'language', 'model'])
  t.match(JSON.stringify(answer.fields[0]), /audio\/wav/)
})

// 8, CORS, is cli-cors.test.ts, and hosts.test.ts for a host's own.

t.test('9. `Connection: close` of a server does not end a client\'s keep-alive', async (t) => {
  const { url } = await startApp(t, { models })
  const body = JSON.stringify({ model: 'a', fault: { status: 400 } })
  const post = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const seen = await raw(url, post + post, (seen) => seen.split('fails on demand').length === 3)
  t.equal(seen.match(/HTTP\/1\.1 400 Bad Request/g)?.length, 2, 'both on one connection')
  t.notMatch(seen, /connection: close/i)
})

t.test('10. 20 MB, with a length and in chunks without', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  const body = JSON.stringify({ model: 'a', padding: 'x'.repeat(20 * 1024 * 1024) })
  const whole = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body })
  t.equal(whole.status, 200)
  const status = await new Promise<number>((resolve, reject) => {
    const post = request(`${url}/v1/chat/completions`, { method: 'POST', headers: { ...json, 'transfer-encoding': 'chunked' } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!))
    }).once('error', reject)
    for (let at = 0; at < body.length; at += 1024 * 1024) post.write(body.slice(at, at + 1024 * 1024))
    post.end()
  })
  t.equal(status, 200)
})

t.test('11. HEAD on what can be read', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { admin: true, health: true } })
  for (const path of ['/health', '/v1/models', '/running']) {
    const answer = await fetch(url + path, { method: 'HEAD' })
    t.equal(answer.status, 200, path)
    t.equal(await answer.text(), '', path)
  }
})

t.test('12. status and headers come before the first token', async (t) => {
  const { chat } = await startApp(t, { models })
  const controller = new AbortController()
  // The test would wait for ever if they were held until the first chunk.
  const answer = await chat('a', { stream: true, fault: { firstChunkDelayMs: 3_600_000 } }, { headers: json, signal: controller.signal })
  t.equal(answer.status, 200)
  t.match(answer.headers.get('content-type'), /event-stream/)
  controller.abort()
})

t.test('13. Retry-After on our every 429 and 503', async (t) => {
  const { chat, app } = await startApp(t, { models: { a: { ...models.a, concurrencyLimit: 1 }, bad: { cmd: upstreamCommand({ exitCode: 1 }) } } })
  const held = await chat('a', { stream: true, fault: { chunks: 10_000 } })
  const limited = await chat('a')
  t.equal(limited.status, 429)
  t.ok(Number(limited.headers.get('retry-after')) > 0)
  await held.body!.cancel()
  t.equal((await chat('bad')).status, 502)
  const cooling = await chat('bad')
  t.equal(cooling.status, 503)
  t.ok(Number(cooling.headers.get('retry-after')) > 0)
  void app.llamaSwap.drain()
  const closing = await chat('a')
  t.equal(closing.status, 503)
  t.ok(Number(closing.headers.get('retry-after')) > 0)
})

t.test('14. what the SDKs do by default', async (t) => {
  const { url } = await startApp(t, { models }, { routes: { upstream: true }, forwardAuthorization: true })
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  const { data } = await openai.embeddings.create({ model: 'a', input: 'hello' })
  t.strictSame(data[0]!.embedding, [0, 0.5, 0.25], 'base64 embeddings')
  const anthropic = new Anthropic({ baseURL: url, apiKey: 'key', maxRetries: 0 })
  const message = await anthropic.beta.messages.create({ model: 'a', messages, max_tokens: 9 })
  t.match(message.content, [{ type: 'text', text: 'hello from a' }], '?beta=true')
})

t.test('15. keys, however they come', async (t) => {
  const { url } = await startApp(t, { apiKeys: ['other', 'secret'], models })
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'secret', maxRetries: 0 })
  t.ok((await openai.models.list()).data.length > 0)
  await t.rejects(new OpenAI({ baseURL: `${url}/v1`, apiKey: 'wrong', maxRetries: 0 }).models.list(), { status: 401, code: 'unauthorized' })
  for (const client of [new Anthropic({ baseURL: url, apiKey: 'secret', maxRetries: 0 }), new Anthropic({ baseURL: url, apiKey: null, authToken: 'secret', maxRetries: 0 })]) {
    t.equal((await client.messages.create({ model: 'a', messages, max_tokens: 9 })).role, 'assistant')
  }
  const basic = `Basic ${Buffer.from('anybody:secret').toString('base64')}`
  for (const headers of [{ authorization: 'bearer secret' }, { authorization: 'BEARER secret' }, { 'x-api-key': 'secret' }, { authorization: basic }]) {
    t.equal((await fetch(`${url}/v1/models`, { headers })).status, 200, JSON.stringify(headers))
  }
  const inUrl = await execa('curl', ['-sS', '--fail', `http://anybody:secret@${new URL(url).host}/v1/models`])
  t.match(inUrl.stdout, /"data"/)
  const asked = await fetch(`${url}/v1/models`)
  t.equal(asked.headers.get('www-authenticate'), 'Basic realm="llama-swap"', 'a browser shows its password box')
})
