import Fastify from 'fastify'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import { isAlive, startApp, startPort, until } from './helper/app.ts'

t.test('with a stream open, a deaf server and a load in progress, close returns within its bound and leaves no process', async (t) => {
  // The second registration has the load in progress: one at a time is what one of them does.
  const { app, chat, pids } = await startApp(t, { models: { deaf: { cmd: upstreamCommand({ name: 'deaf', ignoreSigterm: true }) } }, unloadTimeout: 1 }, {
    drainTimeout: 300,
    async prepare (app) {
      await app.register(llamaSwap, { config: { startPort: startPort(), models: { loading: { cmd: upstreamCommand({ neverReady: true }) } } }, prefix: '/other', decorator: 'other', drainTimeout: 300 })
    }
  })
  const { other } = app as unknown as { other: typeof app.llamaSwap }
  const stream = await chat('deaf', { stream: true, fault: { chunks: 1_000_000, chunkMs: 10 } })
  const reading = stream.text().then(() => 'ended cleanly', (error: Error) => error.message)
  const waiting = fetch(`${app.listeningOrigin}/other/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"loading"}' })
  await until(() => other.status().models[0]!.pid !== undefined)
  pids.add(other.status().models[0]!.pid!)
  const startedAt = performance.now()
  await app.close()
  const took = performance.now() - startedAt
  t.ok(took < 300 + 1000 + 2000 + 2000, `closed after ${Math.round(took)} ms: drain timeout, grace, 2 s, and the machine's noise`)
  t.not(await reading, 'ended cleanly')
  const turnedAway = await waiting
  t.equal(turnedAway.status, 503)
  t.match(await turnedAway.json(), { error: { code: 'closing' } })
  t.equal(pids.size, 2)
  for (const pid of pids) t.notOk(isAlive(pid))
})

t.test('a request that ends within the drain timeout ends whole', async (t) => {
  const { app, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  const stream = await chat('a', { stream: true, fault: { chunks: 20, chunkMs: 10 } })
  const closed = app.close()
  t.match(await stream.text(), /data: \[DONE\]\n\n$/)
  await closed
})

t.test('close does not wait for a keep-alive client, with the host\'s own defaults', async (t) => {
  const app = Fastify()
  await app.register(llamaSwap, { config: { startPort: startPort(), models: { a: { cmd: upstreamCommand({ name: 'a' }) } } } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const response = await fetch(`${app.listeningOrigin}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"a","messages":[],"stream":true}' })
  const text = response.text()
  const startedAt = performance.now()
  await app.close()
  t.match(await text, /\[DONE\]/)
  t.ok(performance.now() - startedAt < 3500, 'less than the keep-alive time of the client, let alone the server\'s 72 s')
})

t.test('after close everything is refused', async (t) => {
  const { app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  await app.llamaSwap.load('a')
  await app.close()
  t.match(app.llamaSwap.status(), { accepting: false, models: [{ state: 'shutdown' }] })
  await t.rejects(app.llamaSwap.acquire('a'), { code: 'FST_LS_CLOSING' })
  await app.llamaSwap.unload()
})

t.test('an app that was never started closes at once', async (t) => {
  const app = Fastify()
  await app.register(llamaSwap, { config: { models: { a: { cmd: upstreamCommand() } } } })
  await app.close()
  t.pass()
})
