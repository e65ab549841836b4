import http from 'node:http'
import net from 'node:net'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { RequestEvent } from '../index.ts'
import { startApp, until } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }

/** A request on a raw socket: everything that came until the connection ended. */
function raw (url: string, body: object, path = '/v1/chat/completions'): Promise<string> {
  const { port } = new URL(url)
  const payload = JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = net.connect(Number(port), '127.0.0.1', () => {
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n${payload}`)
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
  })
}

for (const die of ['fin', 'rst', 'sigkill'] as const) {
  for (const dieMidEvent of [false, true]) {
    t.test(`an upstream that dies by ${die}${dieMidEvent ? ' in the middle of an event' : ''} never looks like a clean end`, async (t) => {
      const { app, url, chat, states } = await startApp(t, { models })
      const outcomes: string[] = []
      app.llamaSwap.on('request', (event: RequestEvent) => outcomes.push(event.outcome))
      const fault = { die, dieAfterChunks: 2, dieMidEvent }
      const wire = await raw(url, { model: 'a', stream: true, messages: [], fault })
      t.notMatch(wire, /\r\n0\r\n/, 'no last chunk')
      t.notMatch(wire, /\[DONE\]/)
      const dechunked = wire.replace(/\r\n[0-9a-f]+\r\n/g, '')
      t.match(dechunked, /\n\ndata: \{"src":"llama-swap","error":\{"message":"[^"]*\\"a\\"[^"]*broke off/, 'an error event of its own')
      // Until its exit is noticed, a dead server may be sent one more request, which then fails.
      if (die === 'sigkill') await until(() => states.at(-1) === 'a stopping>stopped')
      t.equal((await chat('a')).status, 200, 'the next request is served')
      await t.rejects(async () => (await chat('a', { stream: true, fault })).text(), 'fetch sees an error')
      await until(() => outcomes.length === 3)
      t.strictSame(outcomes, ['truncated', 'completed', 'truncated'])
    })
  }
}

t.test('headers sent, no chunk yet', async (t) => {
  const { chat } = await startApp(t, { models })
  await t.rejects(async () => (await chat('a', { stream: true, fault: { die: 'fin', dieAfterChunks: 0 } })).text())
})

t.test('on an Anthropic route the error is an `error` event', async (t) => {
  const { url } = await startApp(t, { models })
  const wire = await raw(url, { model: 'a', stream: true, messages: [], fault: { die: 'fin', dieAfterChunks: 2 } }, '/v1/messages')
  t.match(wire, /event: error\ndata: \{"type":"error","error":\{"type":"api_error"/)
})

t.test('a compressed stream is cut without words in it', async (t) => {
  const { url } = await startApp(t, { models })
  const wire = await raw(url, { model: 'a', stream: true, messages: [], fault: { die: 'fin', dieAfterChunks: 2, headers: { 'content-encoding': 'gzip' } } })
  t.notMatch(wire, /llama-swap"/)
  t.notMatch(wire, /\r\n0\r\n/)
})

t.test('a plain answer that falls short of its length is cut', async (t) => {
  const { chat } = await startApp(t, { models })
  await t.rejects(async () => (await chat('a', { fault: { contentLengthShort: true } })).text())
})

t.test('only the request that was cut is cut', async (t) => {
  const { url, chat } = await startApp(t, { models })
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const whole = chat('a', { stream: true, fault: { chunks: 20, chunkMs: 5 } }).then((response) => response.text())
  await raw(url, { model: 'a', stream: true, messages: [], fault: { die: 'rst', dieAfterChunks: 1 } })
  t.match(await whole, /\[DONE\]/)
})
