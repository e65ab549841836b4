import { request } from 'undici'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { LogEvent } from '../index.ts'
import { startApp, until } from './helper/app.ts'

const both = { a: { cmd: upstreamCommand({ name: 'a', say: 'hello from the log' }), aliases: ['alias'] }, b: { cmd: upstreamCommand({ name: 'b' }) } }

t.test('acquire lends a running server until release', async (t) => {
  const { app } = await startApp(t, { models: both })
  const lease = await app.llamaSwap.acquire('alias')
  t.equal(lease.model, 'a')
  const { statusCode } = await request(`${lease.origin}/health`, { dispatcher: lease.dispatcher })
  t.equal(statusCode, 200)
  t.equal(app.llamaSwap.status().models[0]!.leases, 1)
  const other = app.llamaSwap.acquire('b')
  await until(() => app.llamaSwap.status().models[1]!.waiting === 1)
  lease.release()
  lease.release()
  const b = await other
  t.equal(b.model, 'b')
  b[Symbol.dispose]()
  t.strictSame(app.llamaSwap.status().models.map(({ leases }) => leases), [0, 0])
})

t.test('acquire: unknown model, aborted signal, deadline', async (t) => {
  const { app } = await startApp(t, { models: both })
  await t.rejects(app.llamaSwap.acquire('nope'), { code: 'FST_LS_MODEL_NOT_FOUND', statusCode: 404 })
  await t.rejects(app.llamaSwap.acquire('a', { signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
  using lease = await app.llamaSwap.acquire('a')
  const controller = new AbortController()
  const waiting = app.llamaSwap.acquire('b', { signal: controller.signal })
  controller.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
  await t.rejects(app.llamaSwap.acquire('b', { deadline: 20 }), { code: 'FST_LS_DEADLINE', statusCode: 504 })
  t.equal(app.llamaSwap.status().models[1]!.waiting, 0)
  t.equal(lease.signal.aborted, false)
})

t.test('fetch holds its lease until the body ends', async (t) => {
  const { app } = await startApp(t, { models: both })
  const leases = (): number => app.llamaSwap.status().models[0]!.leases
  const init = (body: object) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const response = await app.llamaSwap.fetch('a', '/v1/chat/completions', init({ messages: [], stream: true }))
  t.equal(leases(), 1)
  t.match(response.url, /\/v1\/chat\/completions$/)
  t.match(await response.text(), /\[DONE\]/)
  t.equal(leases(), 0)
  const cancelled = await app.llamaSwap.fetch('a', '/v1/chat/completions', init({ messages: [], stream: true, fault: { chunks: 100_000 } }))
  await cancelled.body!.cancel()
  t.equal(leases(), 0)
  const controller = new AbortController()
  const aborted = await app.llamaSwap.fetch('a', '/v1/chat/completions', { ...init({ messages: [], stream: true, fault: { chunks: 100_000 } }), signal: controller.signal })
  controller.abort()
  await t.rejects(aborted.text(), { name: 'AbortError' })
  t.equal(leases(), 0)
  await t.rejects(app.llamaSwap.fetch('nope', '/'), { code: 'FST_LS_MODEL_NOT_FOUND' })
})

t.test('load starts; unload waits for the leases; status tells', async (t) => {
  const { app, states } = await startApp(t, { models: both })
  await app.llamaSwap.load('a')
  t.match(app.llamaSwap.status().models[0], { model: 'a', state: 'ready', pid: Number, origin: /^http:\/\/localhost:\d+$/, aliases: ['alias'], leases: 0, waiting: 0, command: Array })
  const lease = await app.llamaSwap.acquire('a')
  let unloaded = false
  const unloading = app.llamaSwap.unload('a').then(() => { unloaded = true })
  const later = app.llamaSwap.acquire('a')
  await until(() => app.llamaSwap.status().models[0]!.waiting === 1)
  t.notOk(unloaded || lease.signal.aborted)
  lease.release()
  await unloading
  ;(await later).release()
  t.strictSame(states, ['a stopped>starting', 'a starting>ready', 'a ready>stopping', 'a stopping>stopped', 'a stopped>starting', 'a starting>ready'])
  await app.llamaSwap.unload()
  t.equal(app.llamaSwap.status().models[0]!.state, 'stopped')
  await app.llamaSwap.unload('b')
  await t.rejects(app.llamaSwap.unload('nope'), { code: 'FST_LS_MODEL_NOT_FOUND' })
})

t.test('unload by force ends leases, streams and loads', async (t) => {
  const { app, chat } = await startApp(t, { models: { ...both, slow: { cmd: upstreamCommand({ neverReady: true }) } } })
  const lease = await app.llamaSwap.acquire('a')
  const stream = await chat('a', { stream: true, fault: { chunks: 1_000_000 } })
  await app.llamaSwap.unload('a', { force: true })
  t.equal(lease.signal.aborted, true)
  t.match(lease.signal.reason, { code: 'FST_LS_UNLOADED' })
  await t.rejects(stream.text())
  const waiting = app.llamaSwap.acquire('slow')
  waiting.catch(() => {})
  lease.release()
  await until(() => app.llamaSwap.status().models.some(({ model, state }) => model === 'slow' && state === 'starting'))
  await app.llamaSwap.unload(undefined, { force: true })
  await t.rejects(waiting, { code: 'FST_LS_UNLOADED' })
  t.ok(app.llamaSwap.status().models.every(({ state }) => state === 'stopped'))
})

t.test('drain refuses what is new and waits for what is under way', async (t) => {
  const { app, chat } = await startApp(t, { models: both })
  const stream = await chat('a', { stream: true, fault: { chunks: 20, chunkMs: 10 } })
  const drained = app.llamaSwap.drain()
  t.equal(app.llamaSwap.status().accepting, false)
  const refused = await chat('a')
  t.equal(refused.status, 503)
  t.ok(refused.headers.get('retry-after'))
  t.match(await stream.text(), /\[DONE\]/)
  await drained
  t.equal(app.llamaSwap.status().models[0]!.leases, 0)
})

t.test('log events carry the lines of each server; a listener that throws disturbs nobody', async (t) => {
  const { app, chat } = await startApp(t, { models: both })
  const lines: LogEvent[] = []
  app.llamaSwap.on('log', () => { throw new Error('listener') })
  const unsubscribe = app.llamaSwap.on('log', (event) => lines.push(event))
  await (await chat('a')).text()
  t.match(lines, [{ model: 'a', stream: 'stderr', line: 'hello from the log' }])
  unsubscribe()
  await app.llamaSwap.unload()
  await (await chat('a')).text()
  t.equal(lines.length, 1)
})

t.test('a model that nobody uses is stopped after its ttl, counted from its last lease', async (t) => {
  const { app, events } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), ttl: 1 } } })
  const lease = await app.llamaSwap.acquire('a')
  const { pid } = app.llamaSwap.status().models[0]!
  lease.release()
  const releasedAt = performance.now()
  await until(() => app.llamaSwap.status().models[0]!.state === 'stopped')
  t.ok(performance.now() - releasedAt >= 990)
  t.ok(pid)
  t.match(events.slice(-2), [{ to: 'stopping', cause: 'ttl' }, { to: 'stopped', cause: 'ttl' }])
})
