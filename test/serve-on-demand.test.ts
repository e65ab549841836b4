import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp } from './helper/app.ts'
import type { SwapEvent, RequestEvent } from '../index.ts'

t.test('a request for a model that is not running starts it, waits, and is answered', async (t) => {
  const { chat, states } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 50 }) } } })
  const response = await chat('a')
  t.equal(response.status, 200)
  t.match(await response.json(), { model: 'a', upstream: { name: 'a' } })
  t.strictSame(states, ['a stopped>starting', 'a starting>ready'])
})

t.test('an alias leads to its model; the body goes on as it was sent', async (t) => {
  const { chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), aliases: ['other'] } } })
  t.match(await (await chat('other')).json(), { model: 'other', upstream: { name: 'a' } })
})

t.test('100 concurrent requests for a cold model start it once', async (t) => {
  const { chat, states } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 200 }) } } })
  const answers = await Promise.all(Array.from({ length: 100 }, async () => (await chat('a')).status))
  t.strictSame(new Set(answers), new Set([200]))
  t.strictSame(states, ['a stopped>starting', 'a starting>ready'])
})

t.test('asking for B waits for the leases of A, stops A, starts B', async (t) => {
  const { app, chat, states } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) }, b: { cmd: upstreamCommand({ name: 'b' }) } } })
  const swaps: SwapEvent[] = []
  app.llamaSwap.on('swap', (event) => swaps.push(event))
  const stream = await chat('a', { stream: true, fault: { chunks: 20, chunkMs: 10 } })
  const b = chat('b')
  const text = await stream.text()
  t.match(text, /data: \[DONE\]\n\n$/, 'the stream of A is whole')
  t.notOk(states.includes('a ready>stopping') && !text.includes('a 19'), 'A was not stopped before')
  t.match(await (await b).json(), { upstream: { name: 'b' } })
  t.strictSame(states, ['a stopped>starting', 'a starting>ready', 'a ready>stopping', 'a stopping>stopped', 'b stopped>starting', 'b starting>ready'])
  t.match(swaps, [{ from: ['a'], to: 'b' }])
})

t.test('waiters are served in the order they came, those of one model together', async (t) => {
  const { chat, app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) }, b: { cmd: upstreamCommand({ name: 'b' }) }, c: { cmd: upstreamCommand({ name: 'c' }) } } })
  await app.llamaSwap.load('a')
  const hold = await chat('a', { stream: true, fault: { chunks: 10, chunkMs: 20 } })
  const order: string[] = []
  const waiting = []
  for (const model of ['b', 'c', 'b', 'c']) {
    const waitingBefore = app.llamaSwap.status().models.reduce((sum, { waiting }) => sum + waiting, 0)
    waiting.push(chat(model).then(async (response) => { await response.text(); order.push(model) }))
    while (app.llamaSwap.status().models.reduce((sum, { waiting }) => sum + waiting, 0) === waitingBefore) await new Promise(setImmediate)
  }
  await hold.text()
  await Promise.all(waiting)
  t.strictSame(order, ['b', 'b', 'c', 'c'])
})

t.test('request events tell what became of each request', async (t) => {
  const { app, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  const requests: RequestEvent[] = []
  app.llamaSwap.on('request', (event) => requests.push(event))
  await (await chat('a')).text()
  await (await chat('a', { fault: { status: 500 } })).text()
  t.match(requests, [
    { model: 'a', method: 'POST', path: '/v1/chat/completions', status: 200, outcome: 'completed' },
    { model: 'a', status: 500, outcome: 'completed' }
  ])
  t.ok(requests[0]!.waited > 0 && requests[0]!.duration >= requests[0]!.waited)
})

t.test('every route of the table proxies to the path it has', async (t) => {
  const { url } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/rerank', '/v1/messages']) {
    const response = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'a', input: 'x', query: 'q', documents: ['d'], messages: [] }) })
    t.equal(response.status, 200, path)
    t.match(await response.json(), { upstream: { name: 'a' } }, path)
  }
})

t.test('app.inject works for what does not stream', async (t) => {
  const { app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  const response = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { model: 'a', messages: [] } })
  t.equal(response.statusCode, 200)
  t.match(response.json(), { upstream: { name: 'a' } })
  t.equal(app.llamaSwap.status().models[0]!.leases, 0)
})
