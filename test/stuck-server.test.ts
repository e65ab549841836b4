// A server that cannot be killed: the kernel holds one of its processes. Servers and clock are the test's, since such a process cannot be had at will.
import Fastify from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import type { Lease, ModelStatus, StateEvent } from '../index.ts'
import { loadConfig } from '../lib/config/load.ts'
import { createBus } from '../lib/events.ts'
import { Manager } from '../lib/manager/manager.ts'
import { resolveOptions } from '../lib/options.ts'
import { Proxy } from '../lib/proxy/proxy.ts'
import { createTransport } from '../lib/proxy/transport.ts'
import { registerRoutes } from '../lib/routes/register.ts'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { VirtualClock, VirtualLauncher, settle } from './helper/virtual.ts'
import type { VirtualHandle } from './helper/virtual.ts'

/** The whole grace of a stop, and what SIGKILL is given. */
const BOUND = 10_000 + 2000
const STUCK = { code: 'FST_LS_STUCK', statusCode: 503, message: 'the server of the model "a" cannot be stopped: a process is held by the kernel' }

/** a, b and d take turns; c runs beside any of them. */
async function world (origin?: string) {
  const model = (id: string) => [id, { cmd: `server ${id}`, proxy: 'http://127.0.0.1:9', checkEndpoint: 'none' }]
  const source = {
    models: Object.fromEntries(['a', 'b', 'c', 'd'].map(model)),
    groups: { turns: { exclusive: false, members: ['a', 'b', 'd'] }, beside: { exclusive: false, members: ['c'] } }
  }
  const { config } = await loadConfig(source)
  const clock = new VirtualClock()
  const launcher = new VirtualLauncher(origin)
  const bus = createBus((error) => { throw error })
  const states: string[] = []
  bus.on('state', ({ model, from, to }: StateEvent) => states.push(`${model} ${from}>${to}`))
  const manager = new Manager({ config, clock, launcher, bus })
  /** The newest server of a model. */
  const server = (model: string): VirtualHandle => launcher.handles.findLast(({ key }) => key === model)!
  return {
    source,
    clock,
    bus,
    manager,
    states,
    status: (model: string): ModelStatus => manager.status().models.find((status) => status.model === model)!,
    server,
    /** Asks for a model whose server can start, and has it start. */
    async acquire (model: string): Promise<Lease> {
      const lease = manager.acquire(model)
      await settle()
      server(model).place()
      return lease
    }
  }
}

/** With a stuck: it was ready, and was to make room for b. */
async function stuckWorld () {
  const all = await world()
  const lease = await all.acquire('a')
  lease.release()
  const waiters = [all.manager.acquire('b'), all.manager.acquire('b'), all.manager.acquire('d')]
  for (const waiter of waiters) waiter.catch(() => {})
  await settle()
  all.clock.advance(BOUND - 1)
  await settle()
  const before = all.status('a').state
  all.clock.advance(1)
  await settle()
  return { ...all, waiters, before }
}

t.test('all who wait for its room are told at once, and when to try again', async (t) => {
  const { before, waiters, status, states } = await stuckWorld()
  t.equal(before, 'stopping', 'not before its time')
  t.match(status('a'), { state: 'stuck', lastError: STUCK.message, leases: 0, waiting: 0 })
  for (const waiter of waiters) await t.rejects(waiter, { ...STUCK, retryAfter: 10 })
  t.match(status('b'), { state: 'stopped', waiting: 0 })
  t.strictSame(states, ['a stopped>starting', 'a starting>ready', 'a ready>stopping', 'a stopping>stuck'], 'and nothing is started in its room')
})

t.test('who needs its room later, or the model itself, is told so, without a wait', async (t) => {
  const { manager, status } = await stuckWorld()
  for (const model of ['b', 'd', 'a']) await t.rejects(manager.acquire(model), { ...STUCK, retryAfter: 10 }, model)
  await t.rejects(manager.load('a'), STUCK)
  await t.rejects(manager.load('b'), STUCK)
  t.strictSame(['a', 'b', 'c', 'd'].map((model) => status(model).waiting), [0, 0, 0, 0])
})

t.test('models that do not need its room run as ever', async (t) => {
  const { acquire, manager, server, status } = await stuckWorld()
  const lease = await acquire('c')
  t.equal(status('c').state, 'ready')
  lease.release()
  const unloading = manager.unload('c')
  server('c').end()
  await unloading
  t.equal(status('c').state, 'stopped')
})

t.test('once it is gone after all, its room is free: b is served, and then a itself', async (t) => {
  const { acquire, server, status, states } = await stuckWorld()
  server('a').end()
  await settle()
  t.equal(status('a').state, 'stopped')
  const b = await acquire('b')
  t.equal(b.model, 'b')
  b.release()
  const a = acquire('a')
  await settle()
  t.equal(status('a').waitsFor, 'waits for b to stop')
  server('b').end()
  await until(() => status('a').state === 'starting')
  server('a').place()
  t.equal((await a).model, 'a')
  t.strictSame(states.slice(4), [
    'a stuck>stopped', 'b stopped>starting', 'b starting>ready', 'b ready>stopping', 'b stopping>stopped', 'a stopped>starting', 'a starting>ready'
  ])
})

t.test('unload: it rejects when the server cannot be stopped, and as long as that is so', async (t) => {
  for (const force of [false, true]) {
    const { acquire, clock, manager, server, status } = await world()
    ;(await acquire('a')).release()
    let settled = false
    const unloading = manager.unload('a', { force }).finally(() => { settled = true })
    unloading.catch(() => {})
    await settle()
    clock.advance(BOUND - 1)
    await settle()
    t.equal(settled, false)
    clock.advance(1)
    await t.rejects(unloading, STUCK)
    await t.rejects(manager.unload('a', { force: true }), STUCK)
    await t.rejects(manager.unload(undefined), STUCK, 'all of them')
    server('a').end()
    await settle()
    t.equal(status('a').state, 'stopped')
    await manager.unload('a')
  }
})

t.test('a start that nobody wants any more, or that fails, and cannot be killed: who waits for its room is told so', async (t) => {
  const unwanted = await world()
  const leaving = unwanted.manager.request({ kind: 'local', model: 'a', name: 'a' })
  const b = unwanted.manager.acquire('b')
  b.catch(() => {})
  await settle()
  leaving.cancel()
  await settle()
  unwanted.clock.advance(BOUND)
  await t.rejects(b, STUCK)
  t.equal(unwanted.status('a').state, 'stuck')

  const failing = await world()
  const [own, other] = [failing.manager.acquire('a'), failing.manager.acquire('b')]
  for (const waiter of [own, other]) waiter.catch(() => {})
  await settle()
  failing.server('a').die(1)
  await settle()
  // What failed to start has 5 s at most.
  failing.clock.advance(5000 + 2000)
  await t.rejects(own, { code: 'FST_LS_START_FAILED', statusCode: 502 }, 'those who waited for it hear why it failed')
  await t.rejects(other, STUCK)
  t.equal(failing.status('a').state, 'stuck')
})

t.test('a crash whose leftovers cannot be killed keeps the room, too', async (t) => {
  const { acquire, clock, manager, server, status } = await world()
  const lease = await acquire('a')
  server('a').die(1)
  await settle()
  const b = manager.acquire('b')
  b.catch(() => {})
  await settle()
  t.equal(status('b').waiting, 1)
  clock.advance(2000)
  await t.rejects(b, STUCK)
  t.ok(lease.signal.aborted)
  lease.release()
  server('a').end()
  await settle()
  t.equal((await acquire('b')).model, 'b')
})

t.test('closing does not wait for it', async (t) => {
  const { manager, status } = await stuckWorld()
  await manager.close()
  t.equal(status('a').state, 'stuck')
})

/** The same behind the routes. All servers are one, which answers everything. */
async function gateway (t: Test) {
  const origin = await serve(t, (_request, response) => response.setHeader('content-type', 'application/json').end('{"ok":true}'))
  const all = await world(origin)
  const options = resolveOptions({ config: all.source, routes: { admin: true } })
  const app = Fastify()
  await app.register(async (scope) => registerRoutes(scope, all.manager, new Proxy({ ...options, ...all, transport: createTransport(app) }), options))
  t.teardown(() => app.close())
  return { ...all, app, chat: (model: string) => app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { model, messages: [] } }) }
}

t.test('over HTTP: 503 with Retry-After for who needs its room, 200 for the others, 200 once it is gone', async (t) => {
  const { app, acquire, chat, clock, server, status } = await gateway(t)
  ;(await acquire('a')).release()
  const waiting = chat('b')
  await until(() => status('a').state === 'stopping')
  clock.advance(BOUND)
  for (const answer of [await waiting, await chat('b'), await chat('a')]) {
    t.equal(answer.statusCode, 503)
    t.equal(answer.headers['retry-after'], '10')
    t.match(answer.json(), { error: { code: 'stuck', message: STUCK.message } })
  }
  const running = await app.inject('/running')
  t.match(running.json(), { running: [{ model: 'a', state: 'stuck' }] })

  const c = chat('c')
  await until(() => status('c').state === 'starting')
  server('c').place()
  t.equal((await c).statusCode, 200)

  server('a').end()
  await until(() => status('a').state === 'stopped')
  const b = chat('b')
  await until(() => status('b').state === 'starting')
  server('b').place()
  t.equal((await b).statusCode, 200)
})
