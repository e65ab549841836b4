// Every row of the table, taken through what can happen to its requests. A new row that proxies is tested by itself; any other is missed here.
import { STATUS_CODES } from 'node:http'
import t from 'tap'
import type { Test } from 'tap'
import type { ConfigInput } from '../index.ts'
import type { Protocol } from '../lib/protocol/protocol.ts'
import type { Route } from '../lib/routes/route.ts'
import { table } from '../lib/routes/table.ts'
import { startApp, until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'
import { quietPort } from './helper/quiet-port.ts'

const KEY = 'sk-table'
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const methodsOf = ({ method }: Route): string[] => [method].flat()
const titleOf = (route: Route): string => `${methodsOf(route).join(', ')} ${route.path}`

/** One request of a row, and what is to be seen of it. */
interface Sample {
  readonly url: string
  readonly body?: string
  readonly type?: string
  /** What is answered, as text or as JSON. */
  readonly answer?: string | object
  readonly headers?: Record<string, string>
  /** What the model's server sees of it; without this it sees nothing. */
  readonly sentAs?: string
}

/** What a row's test needs to know. */
interface Samples {
  readonly good: Sample
  /** For rows that name a model. */
  readonly unknown?: Sample
  readonly missing?: Sample
  /** The same for the model whose server is down. */
  readonly down?: Sample
}

const profile = { description: '', id: 'work', pins: { x: 'b' } }

/** The rows that are not plain inference. */
const others: Record<string, Samples> = {
  'GET /v1/models': { good: { url: '/v1/models?x=1', answer: { object: 'list', data: [{ id: 'a' }, { id: 'b' }, { id: 'comfyui_auto' }, { id: 'down' }] } } },
  'GET /models': { good: { url: '/models', answer: { object: 'list', data: Array } } },
  'GET /v1/models/*': { good: { url: '/v1/models/b?x=1', answer: { id: 'b', object: 'model' } }, unknown: { url: '/v1/models/nope' } },
  'GET, POST, PUT, PATCH, DELETE /upstream/*': {
    good: { url: '/upstream/b/own/a%2Fb?x=1&y=%20z', sentAs: '/own/a%2Fb?x=1&y=%20z' },
    unknown: { url: '/upstream/nope/x' },
    down: { url: '/upstream/down/x' }
  },
  'GET, POST, PUT, PATCH, DELETE /comfyui': { good: { url: '/comfyui?x=1', headers: { location: '/comfyui/?x=1' } } },
  'GET, POST, PUT, PATCH, DELETE /comfyui/*': { good: { url: '/comfyui/?x=%20', sentAs: '/?x=%20' } },
  'GET /running': { good: { url: '/running', answer: { running: [{ model: 'b', state: 'ready', cmd: 'sleep 600' }] } } },
  'POST /api/models/unload': { good: { url: '/api/models/unload', answer: { msg: 'ok' } } },
  'POST /api/models/unload/*': { good: { url: '/api/models/unload/b', answer: 'OK' }, unknown: { url: '/api/models/unload/nope' } },
  'GET /unload': { good: { url: '/unload', answer: 'OK' } },
  'GET /api/profiles': { good: { url: '/api/profiles', answer: { active: null, profiles: [profile] } } },
  'PUT /api/profiles/active': { good: { url: '/api/profiles/active', body: '{"name":"work"}', type: 'application/json', answer: { active: 'work' } } },
  'GET /api/version': { good: { url: '/api/version', answer: { version: String, commit: String, build_date: String } } },
  'GET /health': { good: { url: '/health', answer: 'OK' } },
  'GET /wol-health': { good: { url: '/wol-health', answer: 'OK' } }
}

function samplesOf (route: Route): Samples {
  const { path, model, sentAs = path } = route
  if (model === 'query') {
    const of = (query: string): Sample => ({ url: `${path}?${query}`, sentAs: `${sentAs}?${query}` })
    return { good: of('x=1&model=b&y=%20z%2f'), unknown: of('model=nope'), missing: of('x=1'), down: of('model=down') }
  }
  if (model === 'body') {
    const of = (body: string): Sample => ({ url: `${path}?x=1&y=%20z%2f`, body, type: 'application/json', sentAs: `${sentAs}?x=1&y=%20z%2f` })
    return { good: of('{"model":"b",  "x":"é"}'), unknown: of('{"model":"nope"}'), missing: of('{"x":1}'), down: of('{"model":"down"}') }
  }
  const samples = others[titleOf(route)]
  if (samples === undefined) throw new Error(`no test for ${titleOf(route)}: add what it does to \`others\``)
  return samples
}

/** Sends a sample; whether to be answered by the server in the place of the model is up to the test. */
function send ({ url }: TestApp, method: string, { url: target, body, type }: Sample, { key, signal }: { key?: string, signal?: AbortSignal } = {}): Promise<Response> {
  return fetch(url + target, {
    method,
    redirect: 'manual',
    headers: { ...(type !== undefined && { 'content-type': type }), ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    body: method === 'GET' || method === 'HEAD' ? null : body ?? null,
    signal: signal ?? null
  })
}

async function refused (t: Test, response: Response, protocol: Protocol, status: number, code: string, what: string): Promise<void> {
  t.equal(response.status, status, what)
  const answer = await response.json() as { error: { code?: string, message: string } }
  t.notMatch(answer.error.message, /127\.0\.0\.1|localhost|ECONN/, `${what}: no address`)
  if (protocol === 'anthropic') t.match(answer, { type: 'error', error: { type: /_error$/, message: String } }, what)
  else t.match(answer, { src: 'llama-swap', error: { code, param: null, type: status < 500 ? /^(invalid_request|authentication)_error$/ : 'server_error' } }, what)
}

interface World extends TestApp {
  readonly servers: Readonly<Record<'a' | 'b' | 'comfyui_auto', EchoServer>>
}

async function start (t: Test, config: ConfigInput = {}): Promise<World> {
  const servers = { a: await echoServer(t, 'a'), b: await echoServer(t, 'b'), comfyui_auto: await echoServer(t, 'comfyui_auto') }
  const models = Object.fromEntries(Object.values(servers).map(({ name, origin }) => [name, modelAt(origin)]))
  const down = modelAt(`http://127.0.0.1:${await quietPort()}`)
  const app = await startApp(t, {
    models: { ...models, down },
    groups: { all: { swap: false, members: ['a', 'b', 'comfyui_auto', 'down'] } },
    profiles: { work: { pins: { x: 'b' } } },
    ...config
  }, {
    routes: { inference: true, upstream: true, admin: true, compat: true, health: true },
    prepare: (app) => { app.setNotFoundHandler((_request, reply) => { reply.code(404).send('the host knows no such route') }) }
  })
  return { ...app, servers }
}

t.test('each row answers, and only by its methods', async (t) => {
  const world = await start(t)
  for (const route of table) {
    await t.test(titleOf(route), async (t) => {
      world.app.llamaSwap.useProfile(null)
      await world.app.llamaSwap.unload()
      await world.app.llamaSwap.load('b')
      const { good } = samplesOf(route)
      const server = world.servers[route.path.startsWith('/comfyui') ? 'comfyui_auto' : 'b']
      for (const method of [...methodsOf(route), ...(route.method === 'GET' ? ['HEAD'] : [])]) {
        const before = Object.values(world.servers).map(({ seen }) => seen.length)
        const response = await send(world, method, good)
        const text = await response.text()
        t.equal(response.status, good.headers?.['location'] === undefined ? 200 : method === 'GET' || method === 'HEAD' ? 301 : 308, `${method}: ${text}`)
        t.match(Object.fromEntries(response.headers), good.headers ?? {}, method)
        if (method === 'HEAD') t.equal(text, '', method)
        else if (typeof good.answer === 'object') t.match(JSON.parse(text), good.answer, method)
        else if (good.answer !== undefined) t.equal(text, good.answer, method)
        if (good.sentAs === undefined) {
          t.strictSame(Object.values(world.servers).map(({ seen }) => seen.length), before, `${method} reaches no server`)
          continue
        }
        const { method: sent, url, body } = server.seen.at(-1)!
        t.strictSame({ sent, url, body }, { sent: method, url: good.sentAs, body: Buffer.from(method === 'POST' ? good.body ?? '' : '').toString('latin1') }, method)
        if (method !== 'HEAD') t.equal((JSON.parse(text) as { name: string }).name, server.name, method)
      }
      const wrong = METHODS.filter((method) => !table.some((other) => other.path === route.path && methodsOf(other).includes(method)))
      for (const method of wrong) {
        const response = await send(world, method, good)
        t.equal(response.status, 404, method)
        t.equal(await response.text(), 'the host knows no such route', method)
      }
    })
  }
})

t.test('each row answers a request that is injected as one that is sent', async (t) => {
  const world = await start(t)
  for (const route of table) {
    const { good } = samplesOf(route)
    for (const method of [...methodsOf(route), ...(route.method === 'GET' ? ['HEAD'] : [])]) {
      await world.app.llamaSwap.load('b')
      const sent = await send(world, method, good)
      const body = await sent.text()
      const seen = Object.values(world.servers).flatMap(({ seen }) => seen.splice(0))
      world.app.llamaSwap.useProfile(null)
      await world.app.llamaSwap.load('b')
      const injected = await world.app.inject({ method: method as 'GET', url: good.url, headers: good.type === undefined ? {} : { 'content-type': good.type }, ...(method !== 'GET' && method !== 'HEAD' && good.body !== undefined && { payload: good.body }) })
      world.app.llamaSwap.useProfile(null)
      const what = `${method} ${route.path}`
      t.equal(injected.statusCode, sent.status, what)
      for (const name of ['content-type', 'location']) t.equal(injected.headers[name] ?? null, sent.headers.get(name), what)
      t.strictSame(Object.values(world.servers).flatMap(({ seen }) => seen.splice(0)).map(({ method, url, body }) => [method, url, body]), seen.map(({ method, url, body }) => [method, url, body]), what)
      if (good.sentAs === undefined && method !== 'HEAD') t.equal(injected.payload, body, what)
    }
  }
})

t.test('each row that names a model says which is unknown, or missing', async (t) => {
  const world = await start(t)
  for (const route of table) {
    const { unknown, missing } = samplesOf(route)
    t.equal(unknown !== undefined, route.model !== 'none', titleOf(route))
    const [method] = methodsOf(route)
    if (unknown !== undefined) await refused(t, await send(world, method!, unknown), route.protocol, 404, 'model_not_found', `${titleOf(route)} unknown`)
    if (missing !== undefined) await refused(t, await send(world, method!, missing), route.protocol, 404, 'model_missing', `${titleOf(route)} missing`)
  }
  t.ok(Object.values(world.servers).every(({ seen }) => seen.length === 0))
  t.strictSame(world.states, [], 'nothing was started for them')
})

t.test('each row but health asks for a key', async (t) => {
  const world = await start(t, { apiKeys: [KEY] })
  for (const route of table) {
    const { good } = samplesOf(route)
    for (const method of [...methodsOf(route), ...(route.method === 'GET' ? ['HEAD'] : [])]) {
      const without = await send(world, method, good)
      if (route.family === 'health') {
        t.equal(without.status, 200, titleOf(route))
        continue
      }
      t.equal(without.headers.get('www-authenticate'), 'Basic realm="llama-swap"', `${method} ${route.path}`)
      if (method === 'HEAD') t.equal(without.status, 401, `${method} ${route.path}`)
      else await refused(t, without, route.protocol, 401, 'unauthorized', `${method} ${route.path}`)
      t.equal(STATUS_CODES[without.status], 'Unauthorized')
    }
  }
  t.ok(Object.values(world.servers).every(({ seen }) => seen.length === 0))
  t.strictSame(world.states, [], 'nothing was started, or stopped, without a key')
  for (const route of table) {
    await world.app.llamaSwap.load('b')
    const response = await send(world, methodsOf(route)[0]!, samplesOf(route).good, { key: KEY })
    t.ok([200, 301].includes(response.status), `${titleOf(route)} with a key`)
    await response.arrayBuffer()
  }
})

t.test('each row that proxies: 502 in its protocol when the server is down', async (t) => {
  const world = await start(t)
  for (const route of table) {
    const { good, down } = samplesOf(route)
    t.equal(down !== undefined, good.sentAs !== undefined && !route.path.startsWith('/comfyui'), titleOf(route))
    if (down === undefined) continue
    for (const method of methodsOf(route)) await refused(t, await send(world, method, down), route.protocol, 502, 'upstream_unreachable', `${method} ${route.path}`)
    if (route.method === 'GET') t.equal((await send(world, 'HEAD', down)).status, 502, `HEAD ${route.path}`)
  }
})

t.test('each row that proxies: when the client leaves, so does its request, and the lease is given back', async (t) => {
  const world = await start(t)
  for (const server of Object.values(world.servers)) server.answer = () => {}
  const cancelled = (): number => Object.values(world.servers).reduce((sum, { counts }) => sum + counts.cancelled, 0)
  const active = (): number => Object.values(world.servers).reduce((sum, { counts }) => sum + counts.active, 0)
  const leases = (): number => world.app.llamaSwap.status().models.reduce((sum, { leases }) => sum + leases, 0)
  for (const route of table) {
    const { good } = samplesOf(route)
    if (good.sentAs === undefined) continue
    for (const method of [...methodsOf(route), ...(route.method === 'GET' ? ['HEAD'] : [])]) {
      const before = cancelled()
      const client = new AbortController()
      const response = send(world, method, good, { signal: client.signal })
      await until(() => active() === 1)
      t.equal(leases(), 1, `${method} ${route.path}`)
      client.abort()
      await t.rejects(response, { name: 'AbortError' })
      await until(() => active() === 0 && leases() === 0)
      t.equal(cancelled(), before + 1, `${method} ${route.path}`)
    }
  }
})

// The reference's routes, but for the pages, logs, metrics and events that are not there yet.
const reference = `
  POST /v1/chat/completions /v1/responses /v1/completions /v1/messages /v1/messages/count_tokens /v1/embeddings /reranking /rerank /v1/rerank /v1/reranking /infill
    /completion /v1/audio/speech /v1/audio/voices /v1/images/generations /sdapi/v1/txt2img /sdapi/v1/img2img /audioapi/v1/tasks/run /v/chat/completions /v/responses
    /v/completions /v/messages /v/messages/count_tokens /v/embeddings /v/rerank /v/reranking /v1/audio/transcriptions /v1/images/edits
    /api/models/unload /api/models/unload/*
  GET /v1/audio/voices /sdapi/v1/loras /props /v1/models /models /health /wol-health /unload /running /api/profiles /api/version
  PUT /api/profiles/active
  ANY /upstream/* /comfyui /comfyui/*`

t.test('the table has what llama-swap has', async (t) => {
  let method = ''
  const theirs = reference.trim().split(/\s+/).flatMap((word) => {
    if (word.startsWith('/')) return [`${method} ${word}`]
    method = word
    return []
  })
  const ours = table.map((route) => `${Array.isArray(route.method) ? 'ANY' : route.method as string} ${route.path}`)
  t.strictSame(theirs.filter((route) => !ours.includes(route)), [])
  t.strictSame(ours.filter((route) => !theirs.includes(route)), ['GET /v1/models/*'], 'what is more than that')
  t.equal(new Set(ours).size, ours.length)
  const rewritten = Object.fromEntries(table.flatMap(({ path, sentAs }) => sentAs === undefined ? [] : [[path, sentAs]]))
  t.strictSame(rewritten, Object.fromEntries(table.flatMap(({ path }) => {
    if (path.startsWith('/v/')) return [[path, path.slice('/v'.length)]]
    return path.startsWith('/audioapi/') ? [[path, path.slice('/audioapi'.length)]] : []
  })))
})
