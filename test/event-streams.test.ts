import http from 'node:http'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }

t.test('headers come at once, long before the first chunk', async (t) => {
  const { app, chat } = await startApp(t, { models })
  const controller = new AbortController()
  const response = await chat('a', { stream: true, fault: { firstChunkDelayMs: 3_600_000 } }, { signal: controller.signal })
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/event-stream/)
  t.equal(response.headers.get('x-accel-buffering'), 'no')
  t.equal(app.llamaSwap.status().models[0]!.leases, 1)
  controller.abort()
  await until(() => app.llamaSwap.status().models[0]!.leases === 0)
})

t.test('no chunk is held: each arrives before the next is sent', async (t) => {
  const { chat } = await startApp(t, { models })
  // An hour between two chunks: what has arrived was not waiting for more.
  const controller = new AbortController()
  const response = await chat('a', { stream: true, fault: { chunks: 3, chunkMs: 3_600_000 } }, { signal: controller.signal })
  const { value } = await response.body!.getReader().read()
  t.match(Buffer.from(value!).toString(), /a 0/)
  controller.abort()
})

t.test('a stream arrives byte for byte', async (t) => {
  const { chat } = await startApp(t, { models })
  const text = await (await chat('a', { stream: true, fault: { chunks: 500, chunkMs: 0, chunkBytes: 5000 } })).text()
  const events = text.split('\n\n').filter((event) => event.startsWith('data: {')).map((event) => JSON.parse(event.slice(6)) as { upstream: { index: number } })
  t.strictSame(events.map(({ upstream }) => upstream.index), [...Array(500).keys()])
  t.match(text, /data: \[DONE\]\n\n$/)
})

t.test('headers that the host has set are kept, and onSend hooks do not run', async (t) => {
  let sends = 0
  const { chat } = await startApp(t, { models }, {
    prepare (app) {
      app.addHook('onRequest', async (_request, reply) => { reply.header('access-control-allow-origin', 'https://example.org').header('x-request-id', '7') })
      app.addHook('onSend', async () => { sends++ })
    }
  })
  const response = await chat('a', { stream: true, fault: { headers: { 'access-control-allow-origin': '' } } })
  await response.text()
  t.equal(response.headers.get('access-control-allow-origin'), 'https://example.org')
  t.equal(response.headers.get('x-request-id'), '7')
  t.equal(sends, 0)
  await (await chat('a')).text()
  t.equal(sends, 1)
})

t.test('a client that reads slowly holds the upstream back, and gets everything', async (t) => {
  const { url } = await startApp(t, { models })
  const body = JSON.stringify({ model: 'a', stream: true, messages: [], fault: { chunks: 2000, chunkMs: 0, chunkBytes: 20_000 } })
  const bytes = await new Promise<number>((resolve, reject) => {
    const request = http.request(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
      let count = 0
      let paused = 0
      response.on('data', (chunk: Buffer) => {
        count += chunk.length
        if (paused++ % 50 === 0) {
          response.pause()
          setTimeout(() => response.resume(), 1)
        }
      })
      response.on('end', () => resolve(count))
      response.on('error', reject)
    })
    request.end(body)
  })
  t.ok(bytes > 40_000_000)
})
