import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamOptions } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import type { ConfigEvent, ConfigInput, ModelInput, StateEvent } from '../index.ts'
import { isAlive, startApp, startPort, until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'

/** A config maker with one `startPort`: reloads of one file have the same. */
function configs (): (models: Record<string, ModelInput>) => ConfigInput {
  const port = startPort()
  return (models) => ({ startPort: port, models })
}

const model = (name: string, more: Partial<ModelInput> = {}, upstream: UpstreamOptions = {}): ModelInput => ({ cmd: upstreamCommand({ name, ...upstream }), ...more })
const streaming = (chunks: number): object => ({ stream: true, fault: { chunks, chunkMs: 10 } })
const nameOf = async (response: Response): Promise<string> => (await response.json() as { upstream: { name: string } }).upstream.name
const isWhole = (text: string, chunks: number): boolean => text.split('"delta"').length > chunks && text.endsWith('data: [DONE]\n\n')
const statusOf = ({ app }: TestApp, id: string) => app.llamaSwap.status().models.find((entry) => entry.model === id)!
const waiting = ({ app }: TestApp): number => app.llamaSwap.status().models.reduce((sum, entry) => sum + entry.waiting, 0)

t.test('an unchanged model keeps its server, its stream and its queue, whatever changes around it', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ b: model('b'), c: model('c'), d: model('d') }))
  const { app, chat, states } = world
  const stream = await chat('c', streaming(40))
  const { pid, origin } = statusOf(world, 'c')
  const inQueue = chat('d')
  await until(() => waiting(world) === 1)
  const before = states.length
  const diff = await app.llamaSwap.reload(config({ a: model('a'), b: model('new b'), c: model('c'), d: model('d') }))
  t.match(diff, { added: ['a'], changed: ['b'], removed: [], updated: [], unchanged: ['c', 'd'], warnings: [] })
  t.match(statusOf(world, 'c'), { pid, origin, state: 'ready', leases: 1 }, 'although one was added that sorts before it')
  t.equal(waiting(world), 1)
  t.equal(states.length, before, 'nothing was started or stopped')
  t.ok(isWhole(await stream.text(), 40))
  t.equal(await nameOf(await inQueue), 'd')
  t.equal(await nameOf(await chat('b')), 'new b')
  t.equal(await nameOf(await chat('a')), 'a')
})

t.test('adding models that sort first changes nothing else', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ m: model('m') }))
  await world.app.llamaSwap.load('m')
  const { pid, origin } = statusOf(world, 'm')
  const diff = await world.app.llamaSwap.reload(config({ a: model('a'), b: model('b'), m: model('m') }))
  t.match(diff, { added: ['a', 'b'], unchanged: ['m'] })
  t.match(statusOf(world, 'm'), { pid, origin, state: 'ready' })
  t.equal(await nameOf(await world.chat('m')), 'm')
  t.equal(statusOf(world, 'm').pid, pid)
})

t.test('a stream of a changed model ends whole before its server stops; the next request gets the new server', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('old', {}, { say: 'the old one' }) }))
  const { app, chat, states, events } = world
  const stream = await chat('a', streaming(30))
  const { pid } = statusOf(world, 'a')
  const diff = await app.llamaSwap.reload(config({ a: model('new', {}, { say: 'the new one' }) }))
  t.match(diff, { changed: ['a'], unchanged: [] })
  const next = chat('a')
  await until(() => waiting(world) === 1)
  t.match(app.llamaSwap.status(), { models: [{ model: 'a', state: 'stopped', leases: 0, waiting: 1 }], outgoing: [{ model: 'a', state: 'ready', pid, leases: 1, waiting: 0 }] })
  t.ok(isWhole(await stream.text(), 30))
  t.equal(await nameOf(await next), 'new')
  t.strictSame(states, ['a stopped>starting', 'a starting>ready', 'a ready>stopping', 'a stopping>stopped', 'a stopped>starting', 'a starting>ready'], 'one after the other')
  t.match(events[2], { cause: 'reload' })
  t.notOk(isAlive(pid!))
  t.match(app.llamaSwap.status(), { models: [{ model: 'a', state: 'ready', lastLines: ['the old one', 'the new one'] }], outgoing: [] })
})

t.test('two streams side by side: that of the unchanged model is untouched, that of the changed one ends whole before its server stops', async (t) => {
  const port = startPort()
  const config = (name: string): ConfigInput => ({ startPort: port, groups: { all: { swap: false, members: ['kept', 'changed'] } }, models: { kept: model('kept'), changed: model(name) } })
  const world = await startApp(t, config('old'))
  const { app, chat, states } = world
  const [kept, changed] = await Promise.all([chat('kept', streaming(60)), chat('changed', streaming(30))])
  const { pid } = statusOf(world, 'kept')
  t.match(await app.llamaSwap.reload(config('new')), { changed: ['changed'], unchanged: ['kept'] })
  const next = chat('changed')
  t.ok(isWhole(await changed.text(), 30))
  t.equal(await nameOf(await next), 'new')
  t.ok(isWhole(await kept.text(), 60))
  t.match(statusOf(world, 'kept'), { pid, state: 'ready' })
  t.strictSame(states.filter((state) => state.startsWith('kept')), ['kept stopped>starting', 'kept starting>ready'])
})

t.test('removed models: those who wait get 404, a stream ends whole, then its server stops', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a', { aliases: ['also'] }), b: model('b'), c: model('c') }), { routes: { admin: true } })
  const { app, chat, url } = world
  // Long enough for all that is asked while it runs, on a busy machine too.
  const stream = await chat('a', streaming(300))
  const { pid } = statusOf(world, 'a')
  const kept = chat('b')
  await until(() => waiting(world) === 1)
  const removed = chat('c')
  await until(() => waiting(world) === 2)
  t.match(await app.llamaSwap.reload(config({ b: model('b') })), { removed: ['a', 'c'], unchanged: ['b'] })
  t.match(await (await removed).json(), { error: { code: 'model_not_found' } })
  for (const name of ['a', 'also']) t.equal((await chat(name)).status, 404, name)
  t.match(await (await fetch(`${url}/v1/models`)).json(), { data: [{ id: 'b' }] })
  t.match(await (await fetch(`${url}/running`)).json(), { running: [{ model: 'a', state: 'ready' }] }, 'it still runs')
  t.ok(isWhole(await stream.text(), 300))
  t.equal(await nameOf(await kept), 'b')
  t.notOk(isAlive(pid!))
  t.strictSame(app.llamaSwap.status().outgoing, [])
})

t.test('names, listing and terms follow at once, without a restart', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a', { aliases: ['x'], name: 'before', ttl: 600 }) }))
  const { app, chat, url } = world
  await app.llamaSwap.load('a')
  const { pid } = statusOf(world, 'a')
  const stream = await chat('a', streaming(20))
  const diff = await app.llamaSwap.reload(config({ a: model('a', { aliases: ['y'], name: 'after', ttl: 1, cmdStop: 'true', unloadTimeout: 3, timeouts: { responseHeader: 77, connect: 5 } }) }))
  t.match(diff, { updated: ['a'], changed: [], unchanged: [] })
  t.match(statusOf(world, 'a'), { pid, state: 'ready', name: 'after', aliases: ['y'], ttl: 1, leases: 1 })
  t.equal((await chat('x')).status, 404)
  t.equal(await nameOf(await chat('y')), 'a')
  t.match(await (await fetch(`${url}/v1/models`)).json(), { data: [{ id: 'a', name: 'after' }] })
  await app.llamaSwap.reload(config({ a: model('a', { unlisted: true, ttl: 1 }) }))
  t.match(await (await fetch(`${url}/v1/models`)).json(), { data: { length: 0 } })
  t.ok(isWhole(await stream.text(), 20))
  await until(() => statusOf(world, 'a').state === 'stopped')
  t.match(world.events.at(-1), { cause: 'ttl' }, 'the new ttl')
})

t.test('new timeouts hold for the next request to a server that runs', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a') }))
  const { app, chat } = world
  await app.llamaSwap.load('a')
  const { pid } = statusOf(world, 'a')
  const underWay = chat('a', { fault: { delayMs: 1500 } })
  await until(() => statusOf(world, 'a').leases === 1)
  t.match(await app.llamaSwap.reload(config({ a: model('a', { timeouts: { responseHeader: 1 } }) })), { updated: ['a'] })
  const late = await chat('a', { fault: { delayMs: 30_000 } })
  t.match(await late.json(), { error: { code: 'upstream_timeout' } })
  t.equal((await underWay).status, 200, 'not for those under way')
  t.equal(statusOf(world, 'a').pid, pid)
})

t.test('a config with errors changes nothing', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a') }))
  const { app, chat, states } = world
  const reloads: ConfigEvent[] = []
  app.llamaSwap.on('config', (event) => reloads.push(event))
  const stream = await chat('a', streaming(20))
  const before = JSON.stringify(app.llamaSwap.status())
  const bad = { models: { b: { cmd: ['no', 'string'], ttl: 'soon' } } } as unknown as ConfigInput
  await t.rejects(app.llamaSwap.reload(bad), { code: 'FST_LS_CONFIG', message: /models\.b\.cmd[^]*models\.b\.ttl/ })
  await t.rejects(app.llamaSwap.reload('no-such.yaml'), { code: 'FST_LS_CONFIG', message: /no-such\.yaml: there is no such file/ })
  await t.rejects(app.llamaSwap.reload(42 as unknown as string), { code: 'FST_LS_OPTIONS' })
  t.equal(JSON.stringify(app.llamaSwap.status()), before)
  t.strictSame(states, ['a stopped>starting', 'a starting>ready'])
  t.strictSame(reloads, [])
  t.ok(isWhole(await stream.text(), 20))
  t.equal((await chat('b')).status, 404)
})

t.test('during the load of a changed model: the load is given up, and those who wait get the new server', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('old', {}, { neverReady: true }) }))
  const { app, chat, events } = world
  const responses = [chat('a'), chat('a')]
  await until(() => waiting(world) === 2 && statusOf(world, 'a').pid !== undefined)
  await app.llamaSwap.reload(config({ a: model('new') }))
  for (const response of responses) t.equal(await nameOf(await response), 'new')
  t.match(events.map(({ from, to, cause }) => `${from}>${to} ${cause}`), ['stopped>starting request', 'starting>stopping reload', 'stopping>stopped reload', 'stopped>starting request', 'starting>ready request'])
})

t.test('checkEndpoint: a load that asks the wrong one begins again; a server that is ready stays', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a', { checkEndpoint: '/nowhere' }, { healthStatus: 500 }) }))
  const { app, chat } = world
  const response = chat('a')
  await until(() => waiting(world) === 1 && statusOf(world, 'a').pid !== undefined)
  const cmd = { cmd: upstreamCommand({ name: 'a', healthStatus: 500 }) }
  t.match(await app.llamaSwap.reload(config({ a: { ...cmd, checkEndpoint: '/stats' } })), { changed: ['a'] })
  t.equal(await nameOf(await response), 'a')
  const { pid } = statusOf(world, 'a')
  t.match(await app.llamaSwap.reload(config({ a: { ...cmd, checkEndpoint: '/args' } })), { updated: ['a'] })
  t.equal(statusOf(world, 'a').pid, pid)
})

t.test('a change that is taken back before the old server has ended keeps it', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('first'), b: model('b') }))
  const { app, chat, states } = world
  const stream = await chat('a', streaming(50))
  const { pid } = statusOf(world, 'a')
  await app.llamaSwap.reload(config({ a: model('second'), b: model('b') }))
  const next = chat('a')
  await until(() => waiting(world) === 1)
  await app.llamaSwap.reload(config({ b: model('b') }))
  t.equal((await next).status, 404)
  t.match(await app.llamaSwap.reload(config({ a: model('first'), b: model('b') })), { added: ['a'] })
  t.equal(await nameOf(await chat('a')), 'first')
  t.ok(isWhole(await stream.text(), 50))
  t.match(app.llamaSwap.status(), { models: [{ model: 'a', pid }, { model: 'b' }], outgoing: { length: 0 } })
  t.equal(states.length, 2)
})

t.test('what has failed is tried at once when it has changed, or comes back', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a', {}, { exitCode: 1 }), b: model('b') }))
  const { app, chat } = world
  const failing = config({ a: model('a', { env: ['X=2'] }, { exitCode: 1 }), b: model('b') })
  t.equal((await chat('a')).status, 502)
  t.match(await (await chat('a')).json(), { error: { code: 'cooling_down' } })
  await app.llamaSwap.reload(failing)
  t.match(await (await chat('a')).json(), { error: { code: 'start_failed' } }, 'tried, and failed again')
  t.match(await app.llamaSwap.reload(failing), { unchanged: ['a', 'b'] })
  t.match(await (await chat('a')).json(), { error: { code: 'cooling_down' } }, 'what has not changed cools down on')
  await app.llamaSwap.reload(config({ b: model('b') }))
  await app.llamaSwap.reload(failing)
  t.match(await (await chat('a')).json(), { error: { code: 'start_failed' } })
  await app.llamaSwap.reload(config({ a: model('a'), b: model('b') }))
  t.equal(await nameOf(await chat('a')), 'a')
  t.equal(statusOf(world, 'a').lastError, undefined)
})

t.test('two at once: both are done, in the order of their calls', async (t) => {
  const config = configs()
  const file = join(t.testdir(), 'config.json')
  const world = await startApp(t, config({ a: model('a') }))
  const { app } = world
  const reloads: ConfigEvent[] = []
  app.llamaSwap.on('config', (event) => reloads.push(event))
  writeFileSync(file, JSON.stringify(config({ b: model('b') })))
  const object = config({ c: model('c') })
  // The second needs no file, and would be read sooner.
  const both = [app.llamaSwap.reload(file), app.llamaSwap.reload(object)]
  object.models!['late'] = model('late')
  t.match(await Promise.all(both), [{ added: ['b'], removed: ['a'] }, { added: ['c'], removed: ['b'] }])
  t.strictSame(app.llamaSwap.status().models.map((entry) => entry.model), ['c'], 'the last one wins, as it was when it was given')
  t.equal(reloads.length, 2)
  const bad = app.llamaSwap.reload('no-such.yaml')
  const good = app.llamaSwap.reload(config({ d: model('d') }))
  await t.rejects(bad)
  t.match(await good, { added: ['d'] })
})

t.test('the event: after everything is in place, before what follows from it', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a') }))
  const { app } = world
  await app.llamaSwap.load('a')
  const order: string[] = []
  let loaded: Promise<void> | undefined
  app.llamaSwap.on('state', ({ model, to }: StateEvent) => order.push(`${model} ${to}`))
  app.llamaSwap.on('config', ({ changed, added, time, warnings }) => {
    t.ok(Math.abs(Date.now() - time) < 60_000)
    t.match(warnings, [/nonsense: unknown key/])
    order.push(`changed ${changed.join()}, added ${added.join()}, has ${app.llamaSwap.status().models.map((entry) => entry.model).join()}`)
    loaded = app.llamaSwap.load('b')
  })
  await app.llamaSwap.reload({ ...config({ a: model('new'), b: model('b') }), nonsense: 1 })
  await loaded
  t.strictSame(order, ['changed a, added b, has a,b', 'a stopping', 'a stopped', 'b starting', 'b ready'])
})

t.test('while the app closes: refused, also when it was being read', async (t) => {
  const config = configs()
  const { app, chat } = await startApp(t, config({ a: model('a') }))
  const stream = await chat('a', streaming(20))
  const reading = app.llamaSwap.reload(config({ a: model('new') }))
  const refused = t.rejects(reading, { code: 'FST_LS_CLOSING' })
  const drained = app.llamaSwap.drain()
  await refused
  const closed = app.close()
  await t.rejects(app.llamaSwap.reload(config({ a: model('new') })), { code: 'FST_LS_CLOSING' })
  t.ok(isWhole(await stream.text(), 20))
  await drained
  await closed
  await t.rejects(app.llamaSwap.reload(), { code: 'FST_LS_CLOSING' })
})

t.test('closing stops also what is outgoing', async (t) => {
  const config = configs()
  const world = await startApp(t, config({ a: model('a') }), { drainTimeout: 50 })
  const { app, chat } = world
  const stream = await chat('a', streaming(10_000))
  const text = stream.text().then(() => 'ended cleanly', () => 'cut')
  const { pid } = statusOf(world, 'a')
  await app.llamaSwap.reload(config({}))
  t.match(app.llamaSwap.status(), { models: [], outgoing: [{ model: 'a', pid, state: 'ready' }] })
  await app.close()
  t.equal(await text, 'cut')
  t.notOk(isAlive(pid!))
})

t.test('unload ends what is outgoing: by its id, or with all', async (t) => {
  for (const name of ['a', undefined]) {
    const config = configs()
    const world = await startApp(t, config({ a: model('a') }))
    const { app } = world
    const lease = await app.llamaSwap.acquire('a')
    const { pid } = statusOf(world, 'a')
    await app.llamaSwap.reload(config({}))
    await app.llamaSwap.unload(name, { force: true })
    t.equal(lease.signal.aborted, true)
    t.notOk(isAlive(pid!))
    await t.rejects(app.llamaSwap.unload('a'), { code: 'FST_LS_MODEL_NOT_FOUND' }, 'now it is gone')
    lease.release()
  }
})

t.test('without an argument the registered source is read again', async (t) => {
  t.test('a file', async (t) => {
    const config = configs()
    const file = join(t.testdir(), 'config.json')
    writeFileSync(file, JSON.stringify(config({ a: model('a') })))
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(llamaSwap, { config: file })
    writeFileSync(file, JSON.stringify(config({ b: model('b') })))
    t.match(await app.llamaSwap.reload(config({ c: model('c') })), { added: ['c'], removed: ['a'] })
    t.match(await app.llamaSwap.reload(), { added: ['b'], removed: ['c'] })
  })

  t.test('an object, as it is now', async (t) => {
    const config = configs()
    const object = config({ a: model('a') })
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(llamaSwap, { config: object })
    object.models!['b'] = model('b')
    t.match(app.llamaSwap.status().models, { length: 1 }, 'a change on its own does nothing')
    t.match(await app.llamaSwap.reload(), { added: ['b'], unchanged: ['a'] })
  })

  t.test('not a pipe, which would be empty', async (t) => {
    const pipe = join(t.testdir(), 'pipe')
    execFileSync('mkfifo', [pipe])
    const app = Fastify()
    t.teardown(() => app.close())
    const written = writeFile(pipe, JSON.stringify(configs()({ a: model('a') })))
    await app.register(llamaSwap, { config: pipe })
    await written
    await t.rejects(app.llamaSwap.reload(), { code: 'FST_LS_CONFIG', message: /pipe: it is not a file, so it cannot be read a second time/ })
    t.match(app.llamaSwap.status().models, [{ model: 'a' }])
  })
})
