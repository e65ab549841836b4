// Selectors with real servers; which target is chosen among given loads is shown by spillover.test.ts.
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamOptions } from 'fastify-llama-swap/testing'
import type { ConfigInput, ModelInput, SelectorInput } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'

const json = { 'content-type': 'application/json' }

/** Models that may all run together. */
function together (models: Record<string, ModelInput>): ConfigInput {
  return { models, groups: { all: { swap: false, members: Object.keys(models) } } }
}

const real = (name: string, options: UpstreamOptions = {}): ModelInput => ({ cmd: upstreamCommand({ name, ...options }), unloadTimeout: 5 })

const stateOf = ({ app }: TestApp, name: string): string => app.llamaSwap.status().models.find(({ model }) => model === name)!.state

async function answeredBy (response: Promise<Response>): Promise<unknown> {
  return ((await (await response).json()) as { upstream?: { name: string } }).upstream?.name
}

t.test('pin: always the first target, which starts if need be', async (t) => {
  const test = await startApp(t, { ...together({ a: real('a'), b: real('b') }), selectors: { s: { strategy: 'pin', targets: ['b', 'a'] } } })
  await test.app.llamaSwap.load('a')
  for (let i = 0; i < 3; i++) t.equal(await answeredBy(test.chat('s')), 'b')
  await test.app.llamaSwap.unload('b')
  t.equal(await answeredBy(test.chat('s')), 'b')
})

t.test('warm: the first that is ready, else the first that starts, else the first', async (t) => {
  const test = await startApp(t, { ...together({ a: real('a'), b: real('b'), slow: real('slow', { loadMs: 1000 }) }), selectors: { s: { strategy: 'warm', targets: ['a', 'slow', 'b'] } } })
  const loading = test.app.llamaSwap.load('slow')
  await until(() => stateOf(test, 'slow') === 'starting')
  t.equal(await answeredBy(test.chat('s')), 'slow', 'only that one is on its way')
  t.equal(stateOf(test, 'a'), 'stopped')
  await loading
  await test.app.llamaSwap.load('b')
  t.equal(await answeredBy(test.chat('s')), 'slow', 'of two that are ready the first')
  await test.app.llamaSwap.unload('slow')
  t.equal(await answeredBy(test.chat('s')), 'b')
  await test.app.llamaSwap.unload('b')
  t.equal(await answeredBy(test.chat('s')), 'a', 'none is up: the first')
  t.equal(stateOf(test, 'b'), 'stopped')
})

interface Held extends TestApp {
  readonly servers: readonly EchoServer[]
  /** How many requests each server has now. */
  busy (): number[]
  /** Answers all that wait. */
  finish (): void
}

/** Models `a` and `b` (and so on) whose requests stay until `finish`. */
async function hold (t: Test, selectors: Record<string, SelectorInput>, { names = ['a', 'b'], config = {}, ...setup }: Setup & { names?: string[], config?: ConfigInput } = {}): Promise<Held> {
  const servers = await Promise.all(names.map((name) => echoServer(t, name)))
  const waiting = new Set<() => void>()
  for (const server of servers) {
    const { answer } = server
    server.answer = (response, seen) => {
      const finish = (): void => answer(response, seen)
      waiting.add(finish)
      response.once('close', () => waiting.delete(finish))
    }
  }
  const test = await startApp(t, { ...together(Object.fromEntries(servers.map(({ name, origin }) => [name, modelAt(origin)]))), selectors, ...config }, setup)
  return {
    ...test,
    servers,
    busy: () => servers.map(({ counts }) => counts.active),
    finish: () => { for (const finish of waiting) finish() }
  }
}

t.test('spillover: one target is filled, then the next one starts, then the least busy is taken', async (t) => {
  const test = await hold(t, { s: { strategy: 'spillover', targets: ['a', 'b'], settings: { spillover: 2 } } })
  const { busy } = test
  const responses: Array<Promise<Response>> = []
  const send = async (): Promise<number[]> => {
    responses.push(test.chat('s'))
    await until(() => busy().reduce((sum, one) => sum + one) === responses.length)
    return busy()
  }
  t.strictSame(await send(), [1, 0])
  t.equal(stateOf(test, 'b'), 'stopped')
  t.strictSame(await send(), [2, 0])
  t.equal(stateOf(test, 'b'), 'stopped')
  t.strictSame(await send(), [2, 1])
  t.strictSame(await send(), [2, 2])
  t.strictSame((await send()).toSorted(), [2, 3])
  t.strictSame(await send(), [3, 3])
  test.finish()
  for (const response of responses) t.equal((await response).status, 200)
})

t.test('spillover: those that are alike take turns', async (t) => {
  const test = await hold(t, { s: { strategy: 'spillover', targets: ['a', 'b'] } })
  await Promise.all(['a', 'b'].map((model) => test.app.llamaSwap.load(model)))
  const served: number[] = []
  for (let i = 0; i < 6; i++) {
    const response = test.chat('s')
    await until(() => test.busy().includes(1))
    served.push(test.busy().indexOf(1))
    test.finish()
    await (await response).text()
    await until(() => !test.busy().includes(1))
  }
  t.strictSame(served.slice(0, 2).sort(), [0, 1])
  t.strictSame(served, [...served.slice(0, 2), ...served.slice(0, 2), ...served.slice(0, 2)])
})

t.test('spillover: to a peer, which counts as up only while it has requests', async (t) => {
  const peer = await echoServer(t, 'peer')
  const test = await hold(t, { s: { strategy: 'spillover', targets: ['a', 'p/remote'] } }, { names: ['a'], config: { peers: { p: { proxy: peer.origin, models: ['remote'] } } } })
  const first = test.chat('s')
  await until(() => test.busy()[0] === 1)
  t.match(await (await test.chat('s')).json(), { name: 'peer', body: /"model":"remote"/ })
  t.match(await (await test.chat('s')).json(), { name: 'peer' })
  test.finish()
  t.match(await (await first).json(), { name: 'a' })
  const again = test.chat('s')
  await until(() => test.busy()[0] === 1)
  test.finish()
  t.match(await (await again).json(), { name: 'a' }, 'the one that runs, not the one that has to be reached')
})

t.test('each selector counts its own requests only, and none that name a target', async (t) => {
  const test = await hold(t, { s: { strategy: 'spillover', targets: ['a', 'b'] }, other: { strategy: 'spillover', targets: ['a', 'b'] } })
  const responses = [test.chat('a'), test.chat('a')]
  await until(() => test.busy()[0] === 2)
  responses.push(test.chat('s'))
  await until(() => test.busy()[0] === 3)
  responses.push(test.chat('other'))
  await until(() => test.busy()[0] === 4)
  t.equal(stateOf(test, 'b'), 'stopped')
  responses.push(test.chat('s'))
  await until(() => test.busy()[1] === 1)
  test.finish()
  for (const response of responses) t.equal((await response).status, 200)
})

t.test('leases from code count too', async (t) => {
  const test = await hold(t, { s: { strategy: 'spillover', targets: ['a', 'b'] } })
  const { llamaSwap } = test.app
  const first = await llamaSwap.acquire('s')
  t.equal(first.model, 'a')
  const second = await llamaSwap.acquire('s')
  t.equal(second.model, 'b')
  first.release()
  first.release()
  const third = await llamaSwap.acquire('s')
  t.equal(third.model, 'a')
  for (const lease of [second, third]) lease.release()
})

/** Whether the place that a request had on `a` is free again: if not, the next one goes to `b`. */
async function placeIsFree (t: Test, test: TestApp, what: string): Promise<void> {
  await until(() => test.app.llamaSwap.status().models.every(({ leases, waiting }) => leases + waiting === 0))
  t.equal(await answeredBy(test.chat('s')), 'a', what)
  t.equal(stateOf(test, 'b'), 'stopped', what)
  await until(() => test.app.llamaSwap.status().models.every(({ leases }) => leases === 0))
}

t.test('the place on a target is given back in every ending', async (t) => {
  const selectors: Record<string, SelectorInput> = { s: { strategy: 'spillover', targets: ['a', 'b'] } }
  const test = await startApp(t, { ...together({ a: real('a'), b: real('b') }), selectors })
  const { app, chat, url } = test
  await placeIsFree(t, test, 'an answer')
  await placeIsFree(t, test, 'and again')
  for (const [what, body] of Object.entries({
    'a stream': { stream: true },
    'an error of the server\'s': { fault: { status: 500 } },
    'a server that breaks off': { fault: { die: 'fin', dieBeforeHeaders: true } },
    'a stream that breaks off': { stream: true, fault: { die: 'rst', dieAfterChunks: 1 } },
    'a server that dies': { fault: { die: 'sigkill', dieBeforeHeaders: true } }
  })) {
    await (await chat('s', body)).text().catch(() => {})
    // Until its exit is noticed, a dead server may be sent one more request.
    if (what === 'a server that dies') await until(() => test.states.includes('a ready>stopping'))
    await until(() => ['ready', 'stopped'].includes(stateOf(test, 'a')))
    await app.llamaSwap.load('a')
    await placeIsFree(t, test, what)
  }
  const leaving = new AbortController()
  const stream = await chat('s', { stream: true, fault: { chunks: 1_000_000 } }, { signal: leaving.signal })
  t.equal(stream.status, 200)
  leaving.abort()
  await placeIsFree(t, test, 'a client that leaves')

  const unloaded = await chat('s', { stream: true, fault: { chunks: 1_000_000 } })
  await app.llamaSwap.unload('a', { force: true })
  await t.rejects(unloaded.text())
  await app.llamaSwap.load('a')
  await placeIsFree(t, test, 'a model that is unloaded')

  const refused = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body: '{"model":"s","x":' })
  t.equal(refused.status, 400)
  await placeIsFree(t, test, 'a body that cannot be read')

  const signal = AbortSignal.abort(new Error('no'))
  await t.rejects(app.llamaSwap.acquire('s', { signal }))
  await placeIsFree(t, test, 'a signal that had aborted')
  await (await app.llamaSwap.fetch('s', '/v1/chat/completions', { method: 'POST', headers: json, body: '{}' })).text()
  await placeIsFree(t, test, 'a fetch')
  await (await app.llamaSwap.fetch('s', '/v1/chat/completions', { method: 'POST', headers: json, body: '{"stream":true}' })).body!.cancel()
  await placeIsFree(t, test, 'a fetch that is cancelled')
})

t.test('and in the endings before a server is there', async (t) => {
  const test = await startApp(t, { ...together({ a: real('a', { loadMs: 400 }), b: real('b') }), selectors: { s: { strategy: 'spillover', targets: ['a', 'b'] } } })
  const { app, chat } = test
  const leaving = new AbortController()
  const left = chat('s', {}, { signal: leaving.signal })
  await until(() => stateOf(test, 'a') === 'starting')
  leaving.abort()
  await t.rejects(left)
  await placeIsFree(t, test, 'a client that leaves during a load')

  await app.llamaSwap.unload('a')
  await t.rejects(app.llamaSwap.acquire('s', { deadline: 10 }), { code: 'FST_LS_DEADLINE' })
  await placeIsFree(t, test, 'a deadline')

  await app.llamaSwap.unload('a')
  const waiting = chat('s')
  await until(() => stateOf(test, 'a') === 'starting')
  await app.llamaSwap.unload('a', { force: true })
  t.equal((await waiting).status, 503)
  await placeIsFree(t, test, 'a load that is stopped')

  await app.llamaSwap.unload('a')
  const signal = AbortSignal.timeout(20)
  await t.rejects(app.llamaSwap.acquire('s', { signal }))
  await placeIsFree(t, test, 'a signal that aborts')
})

t.test('a start that fails gives the place back; a target that cools down says so', async (t) => {
  const test = await startApp(t, { ...together({ a: real('a', { exitCode: 3 }), b: real('b') }), selectors: { s: { strategy: 'spillover', targets: ['a', 'b'] } } })
  t.match(await (await test.chat('s')).json(), { error: { code: 'start_failed' } })
  const cooling = await test.chat('s')
  t.equal(cooling.status, 503)
  t.ok(cooling.headers.get('retry-after'))
  t.match(await cooling.json(), { error: { code: 'cooling_down' } })
  t.equal(stateOf(test, 'b'), 'stopped')
})

t.test('all targets are on their way down: 503, with the time to come again', async (t) => {
  const test = await startApp(t, { ...together({ a: real('a', { termDelayMs: 500 }), b: real('b', { termDelayMs: 500 }) }), selectors: { s: { strategy: 'spillover', targets: ['a', 'b'] }, pinned: { strategy: 'pin', targets: ['a'] } } })
  await Promise.all(['a', 'b'].map((model) => test.app.llamaSwap.load(model)))
  const unloaded = test.app.llamaSwap.unload()
  await until(() => stateOf(test, 'a') === 'stopping' && stateOf(test, 'b') === 'stopping')
  const response = await test.chat('s')
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '1')
  t.match(await response.json(), { error: { code: 'selector_exhausted', type: 'server_error', message: 'selector "s" has no available spillover targets' } })
  await t.rejects(test.app.llamaSwap.acquire('s'), { code: 'FST_LS_SELECTOR_EXHAUSTED', statusCode: 503, retryAfter: 1 })
  t.equal(await answeredBy(test.chat('pinned')), 'a', 'a pin waits for the next start')
  await unloaded
})

t.test('one target is on its way down: the other', async (t) => {
  const test = await startApp(t, { ...together({ a: real('a', { termDelayMs: 500 }), b: real('b') }), selectors: { s: { strategy: 'spillover', targets: ['a', 'b'] } } })
  await test.app.llamaSwap.load('a')
  const unloaded = test.app.llamaSwap.unload('a')
  await until(() => stateOf(test, 'a') === 'stopping')
  t.equal(await answeredBy(test.chat('s')), 'b')
  await unloaded
})

t.test('the server is sent the target\'s name; filters go by that', async (t) => {
  const server = await echoServer(t)
  const { app, url, chat } = await startApp(t, {
    models: {
      plain: modelAt(server.origin, { aliases: ['other'], filters: { stripParams: 'temperature', setParamsByID: { plain: { by: 'id' }, other: { by: 'alias' }, high: { effort: 'high' } } } }),
      named: modelAt(server.origin, { useModelName: 'real/name' })
    },
    selectors: { byId: { strategy: 'pin', targets: ['plain'] }, byAlias: { strategy: 'warm', targets: ['other'] }, bySetting: { strategy: 'pin', targets: ['high'] }, real: { strategy: 'pin', targets: ['named'] } },
    profiles: { work: { pins: { gpt: 'byId' } } }
  })
  const sent = async (model: string): Promise<unknown> => {
    await (await chat(model, { temperature: 1 })).text()
    const { messages: _messages, ...rest } = JSON.parse(server.seen.at(-1)!.body) as Record<string, unknown>
    return rest
  }
  t.strictSame(await sent('byId'), { model: 'plain', by: 'id' })
  t.strictSame(await sent('byAlias'), { model: 'other', by: 'alias' })
  t.strictSame(await sent('bySetting'), { model: 'high', effort: 'high' })
  t.strictSame(await sent('real'), { model: 'real/name', temperature: 1 })
  await (await fetch(`${url}/props?a=%20&model=byAlias&b`)).text()
  t.equal(server.seen.at(-1)!.url, '/props?a=%20&model=other&b')
  await (await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: new URLSearchParams({ a: '1', model: 'byId' }) })).text()
  t.equal(server.seen.at(-1)!.body, 'a=1&model=plain')
  app.llamaSwap.useProfile('work')
  t.strictSame(await sent('gpt'), { model: 'plain', by: 'id' }, 'a pin may lead to a selector')
})

t.test('a selector is no name for paths, nor for what is loaded or unloaded', async (t) => {
  const { url } = await startApp(t, { ...together({ a: real('a') }), selectors: { s: { strategy: 'pin', targets: ['a'] } } }, { routes: { upstream: true, admin: true } })
  t.equal((await fetch(`${url}/upstream/s/x`)).status, 404)
  t.equal((await fetch(`${url}/upstream/s`)).status, 404)
  t.equal((await fetch(`${url}/api/models/unload/s`, { method: 'POST' })).status, 404)
})

t.test('a reload changes what it chooses from', async (t) => {
  const models = together({ a: real('a'), b: real('b') })
  const test = await startApp(t, { ...models, selectors: { s: { strategy: 'pin', targets: ['a'] } } })
  t.equal(await answeredBy(test.chat('s')), 'a')
  await test.app.llamaSwap.reload({ ...models, selectors: { s: { strategy: 'pin', targets: ['b'] } } })
  t.equal(await answeredBy(test.chat('s')), 'b')
  await test.app.llamaSwap.reload(models)
  t.equal((await test.chat('s')).status, 404)
})
