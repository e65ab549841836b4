// Models of peers: another server, another gateway of ours.
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { ConfigInput, PeerInput, RequestEvent } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'
import { quietPort } from './helper/quiet-port.ts'

const json = { 'content-type': 'application/json' }

interface World extends TestApp {
  readonly peer: EchoServer
}

async function start (t: Test, peer: Partial<PeerInput> = {}, { config = {}, ...setup }: Setup & { config?: ConfigInput } = {}): Promise<World> {
  const server = await echoServer(t, 'peer')
  const app = await startApp(t, { peers: { p: { proxy: `${server.origin}/base/`, models: ['remote', 'org/model'], ...peer } }, ...config }, { routes: { upstream: true }, ...setup })
  return { ...app, peer: server }
}

const post = ({ url }: TestApp, body: string | FormData | URLSearchParams, { path = '/v1/chat/completions', headers = typeof body === 'string' ? json : {} }: { path?: string, headers?: Record<string, string> } = {}): Promise<Response> => (
  fetch(url + path, { method: 'POST', headers, body })
)

t.test('by full and by bare name; the peer is sent its own, and all else as it came', async (t) => {
  const world = await start(t)
  const { peer } = world
  for (const [name, sent] of [['remote', 'remote'], ['p/remote', 'remote'], ['org/model', 'org/model'], ['p/org/model', 'org/model']] as const) {
    const body = (model: string): string => `{ "x": [1,  2], "model" : ${JSON.stringify(model)},\n "stream":false, "é":"\\u0041" }`
    t.equal((await post(world, body(name), { path: '/v1/embeddings?x=1&y=%20z' })).status, 200)
    t.match(peer.seen.at(-1), { method: 'POST', url: '/base/v1/embeddings?x=1&y=%20z', body: Buffer.from(body(sent)).toString('latin1') }, name)

    await post(world, new URLSearchParams([['a', 'b c'], ['model', name], ['z', '']]), { path: '/v1/audio/transcriptions' })
    t.match(peer.seen.at(-1), { url: '/base/v1/audio/transcriptions', body: `a=b+c&model=${encodeURIComponent(sent)}&z=` }, name)

    const form = new FormData()
    form.set('model', name)
    form.set('file', new Blob([Buffer.from([0, 255])], { type: 'audio/wav' }), 'a.wav')
    await post(world, form, { path: '/v1/audio/transcriptions' })
    const parts = await new Response(Buffer.from(peer.seen.at(-1)!.body, 'latin1'), { headers: { 'content-type': peer.seen.at(-1)!.headers['content-type']! } }).formData()
    t.equal(parts.get('model'), sent, name)
    t.match(parts.get('file'), { name: 'a.wav', type: 'audio/wav', size: 2 }, name)

    await (await fetch(`${world.url}/props?a=%20&model=${name}&b=1`)).text()
    t.match(peer.seen.at(-1), { method: 'GET', url: `/base/props?a=%20&model=${name === sent ? name : encodeURIComponent(sent)}&b=1` }, name)
  }
  for (const name of ['p', 'p/', '/remote', 'p/nope', 'q/remote', 'model', 'P/remote', 'p/p/remote']) t.equal((await post(world, JSON.stringify({ model: name }))).status, 404, name)
})

t.test('a form that is named in the query too is rewritten in both', async (t) => {
  const world = await start(t)
  await post(world, new URLSearchParams({ model: 'p/remote' }), { path: '/v1/audio/transcriptions?model=p/remote' })
  t.match(world.peer.seen.at(-1), { url: '/base/v1/audio/transcriptions?model=remote', body: 'model=remote' })
  await post(world, '{"model":"p/remote"}', { path: '/v1/chat/completions?model=p%2Fremote', headers: { 'content-type': 'text/plain' } })
  t.match(world.peer.seen.at(-1), { url: '/base/v1/chat/completions?model=remote', body: '{"model":"remote"}' })
})

t.test('two names in one request are refused, wherever they are', async (t) => {
  const world = await start(t)
  for (const response of [
    post(world, new URLSearchParams({ model: 'p/remote' }), { path: '/v1/audio/transcriptions?model=p/org/model' }),
    post(world, new URLSearchParams([['model', 'p/remote'], ['model', 'remote']]), { path: '/v1/audio/transcriptions' }),
    post(world, '{"model":"p/remote"}', { path: '/v1/chat/completions?model=remote', headers: { 'content-type': 'text/plain' } }),
    post(world, '{"model":"p/remote","model":"other"}'),
    fetch(`${world.url}/props?model=remote&model=p/remote`)
  ]) {
    t.equal((await response).status, 400)
    t.match(await (await response).json(), { error: { code: 'model_ambiguous' } })
  }
  t.equal(world.peer.seen.length, 0)
})

t.test('two peers with the same model: only by full name; a model of ours goes first', async (t) => {
  const own = await echoServer(t, 'own')
  const [one, two] = [await echoServer(t, 'one'), await echoServer(t, 'two')]
  const world = await startApp(t, {
    models: { mine: modelAt(own.origin, { aliases: ['also-mine'] }) },
    peers: { one: { proxy: one.origin, models: ['both', 'mine'] }, two: { proxy: two.origin, models: ['both', 'also-mine'] } }
  })
  const answers = async (model: string): Promise<unknown> => ((await (await post(world, JSON.stringify({ model }))).json()) as { name?: string }).name
  t.equal(await answers('one/both'), 'one')
  t.equal(await answers('two/both'), 'two')
  t.equal(await answers('both'), undefined)
  t.equal(await answers('mine'), 'own')
  t.equal(await answers('one/mine'), 'one')
  t.equal(await answers('also-mine'), 'own')
  t.equal(await answers('two/also-mine'), 'two')
})

t.test('filters go by the name that was asked for, and touch JSON only', async (t) => {
  const world = await start(t, { filters: { stripParams: 'temperature', setParams: { added: 1 }, setParamsByID: { 'p/remote': { full: true }, remote: { bare: true } } } })
  const sent = async (body: string, headers?: Record<string, string>): Promise<unknown> => {
    await (await post(world, body, headers === undefined ? {} : { headers })).text()
    return JSON.parse(world.peer.seen.at(-1)!.body)
  }
  t.strictSame(await sent('{"model":"p/remote","temperature":1}'), { model: 'remote', added: 1, full: true })
  t.strictSame(await sent('{"model":"remote","temperature":1}'), { model: 'remote', added: 1, bare: true })
  t.strictSame(await sent('{"model":"org/model","added":2}', { 'content-type': 'text/plain' }), { model: 'org/model', added: 1 }, 'of whatever type')
  await post(world, new URLSearchParams({ model: 'p/remote', temperature: '1' }), { path: '/v1/audio/transcriptions' })
  t.equal(world.peer.seen.at(-1)!.body, 'model=remote&temperature=1')
  await post(world, '{"model":"p/remote","temperature":1}', { path: '/upstream/p/remote/x' })
  t.equal(world.peer.seen.at(-1)!.body, '{"model":"remote","temperature":1}', 'behind /upstream there are none')
})

const credentials = { authorization: 'Bearer client', 'x-api-key': 'client', cookie: 'session=client' }
const asks = { ...credentials, forwarded: 'for=9.9.9.9', 'x-forwarded-for': '9.9.9.9', 'x-forwarded-host': 'h', 'x-forwarded-proto': 'https', 'x-own': '1', 'proxy-authorization': 'x' }

t.test('headers: the peer is called by its name, is not told who asks, and gets its key or none', async (t) => {
  for (const [apiKey, forwardAuthorization, expected] of [
    [undefined, false, {}],
    [undefined, true, credentials],
    ['theirs', false, { authorization: 'Bearer theirs', 'x-api-key': 'theirs' }],
    ['theirs', true, { authorization: 'Bearer theirs', 'x-api-key': 'theirs', cookie: credentials.cookie }]
  ] as const) {
    const world = await start(t, apiKey === undefined ? {} : { apiKey }, { forwardAuthorization })
    for (const path of ['/v1/chat/completions', '/upstream/p/remote/x']) {
      await (await post(world, '{"model":"remote"}', { path, headers: { ...json, ...asks } })).text()
      const { headers } = world.peer.seen.at(-1)!
      const what = `key ${apiKey}, forward ${forwardAuthorization}, ${path}`
      t.equal(headers.host, new URL(world.peer.origin).host, what)
      t.equal(headers['x-own'], '1', what)
      t.strictSame(Object.fromEntries(Object.entries(headers).filter(([name]) => name in credentials)), expected, what)
      for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'proxy-authorization', 'via']) t.notHas(headers, { [name]: String }, what)
      t.notMatch(JSON.stringify(headers), /9\.9\.9\.9|127\.0\.0\.1:(?!\d+")/, what)
    }
  }
})

t.test('a peer behind /upstream: its path, and its name for the model where the request names it again', async (t) => {
  const world = await start(t)
  const { peer, url } = world
  const cases: Array<[what: string, path: string, init: RequestInit, url: string, body: string]> = [
    ['path and query', 'p/remote/a%2Fb//c?x=%20', {}, '/base/a%2Fb//c?x=%20', ''],
    ['the root', 'p/org/model/', {}, '/base/', ''],
    ['the bare name', 'remote/x', {}, '/base/x', ''],
    ['a body with the name', 'p/remote/x', { method: 'POST', headers: json, body: '{"model": "p/remote"}' }, '/base/x', '{"model": "remote"}'],
    ['a body with the peer\'s name', 'p/remote/x', { method: 'PUT', headers: json, body: '{"model": "remote"}' }, '/base/x', '{"model": "remote"}'],
    ['a body with another name', 'p/remote/x', { method: 'POST', headers: json, body: '{"model":"own"}' }, '/base/x', '{"model":"own"}'],
    ['a body without a name', 'p/remote/x', { method: 'POST', headers: json, body: '{"a":1}' }, '/base/x', '{"a":1}'],
    ['a body that is no JSON', 'p/remote/x', { method: 'POST', headers: json, body: '{"model":"p/remote"' }, '/base/x', '{"model":"p/remote"'],
    ['a form', 'p/remote/x', { method: 'POST', body: new URLSearchParams({ model: 'p/remote', a: '1' }) }, '/base/x', 'model=remote&a=1'],
    ['a query', 'p/remote/x?model=p%2Fremote&a=1', {}, '/base/x?model=remote&a=1', ''],
    ['bytes', 'p/remote/x', { method: 'PATCH', headers: { 'content-type': 'application/octet-stream' }, body: Buffer.from([0, 255, 123]) }, '/base/x', '\0ÿ{']
  ]
  for (const [what, path, init, sent, body] of cases) {
    t.equal((await fetch(`${url}/upstream/${path}`, init)).status, 200, what)
    t.match(peer.seen.at(-1), { url: sent, body }, what)
  }
  const redirect = await fetch(`${url}/upstream/p/remote?x=1`, { redirect: 'manual' })
  t.strictSame([redirect.status, redirect.headers.get('location')], [301, '/upstream/p/remote/?x=1'])
  t.equal((await fetch(`${url}/upstream/p/remote/x.js`)).status, 200, 'ignorePaths are for what is not loaded here')
})

t.test('where only inference paths are let through, the path\'s model is the one that is used', async (t) => {
  const world = await start(t, {}, { routes: {} })
  const path = '/upstream/p/remote/v1/chat/completions'
  for (const [what, body, options, code] of [
    ['another model', '{"model":"org/model"}', {}, 'model_ambiguous'],
    ['a model of the peer that we do not know', '{"model":"hidden"}', {}, 'model_ambiguous'],
    ['two', '{"model":"remote","model":"hidden"}', {}, 'model_ambiguous'],
    ['another model, no type', '{"model":"hidden"}', { headers: { 'content-type': 'text/plain' } }, 'model_ambiguous'],
    ['another model in a form', new URLSearchParams({ model: 'hidden' }), {}, 'model_ambiguous'],
    ['another model in the query', '{"model":"remote"}', { path: `${path}?model=hidden` }, 'model_ambiguous'],
    ['half a body, which some parsers can read', '{"model":"hidden"', {}, 'body_not_json'],
    ['no object', '["hidden"]', {}, 'body_not_json'],
    ['a broken form', 'model=%zz', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, path: '/upstream/p/remote/v1/audio/transcriptions' }, 'body_malformed']
  ] as const) {
    const response = await post(world, body, { path, ...options })
    t.equal(response.status, 400, what)
    t.match(await response.json(), { error: { code } }, what)
  }
  t.equal((await fetch(`${world.url}/upstream/p/remote/props?model=hidden`)).status, 400)
  t.equal(world.peer.seen.length, 0)
  for (const body of ['{"model":"remote"}', '{"model":"p/remote"}', '{"a":1}', '']) t.equal((await post(world, body, { path })).status, 200, body)
  t.equal((await fetch(`${world.url}/upstream/p/remote/props?model=remote`)).status, 200)
  t.strictSame(world.peer.seen.map(({ body }) => body), ['{"model":"remote"}', '{"model":"remote"}', '{"a":1}', '', ''])
})

t.test('a peer that is down, breaks off or takes too long: 502, 502, 504, and no address', async (t) => {
  const lines: Array<Record<string, unknown>> = []
  const silent = await echoServer(t)
  silent.answer = () => {}
  const broken = await echoServer(t)
  broken.answer = (response) => { response.socket!.destroy() }
  const world = await startApp(t, {
    peers: {
      down: { proxy: `http://127.0.0.1:${await quietPort()}/base`, models: ['a'] },
      nowhere: { proxy: 'http://no-such-host.invalid', models: ['b'] },
      broken: { proxy: broken.origin, models: ['c'] },
      slow: { proxy: silent.origin, models: ['d'], timeouts: { responseHeader: 1 } }
    }
  }, { fastify: { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line) as Record<string, unknown>) } } } } })
  for (const [model, status, code, detail] of [
    ['a', 502, 'upstream_unreachable', /ECONNREFUSED/], ['b', 502, 'upstream_unreachable', /no-such-host\.invalid/], ['c', 502, 'upstream_failed', /./], ['d', 504, 'upstream_timeout', /./]
  ] as const) {
    const response = await post(world, JSON.stringify({ model }))
    t.equal(response.status, status, model)
    const body = await response.text()
    t.match(JSON.parse(body), { src: 'llama-swap', error: { code, type: 'server_error', message: new RegExp(`"\\w+/${model}"`) } }, model)
    t.notMatch(body, /127\.0\.0\.1|invalid|ECONN/, model)
    t.match(lines.at(-1), { msg: 'llama-swap request failed', err: { detail } }, `${model}: the operator is told more`)
  }
  t.equal(broken.seen.length, 1, 'what the peer may have seen is sent once')
})

t.test('what a peer answers goes to the client unchanged, errors too', async (t) => {
  const world = await start(t)
  for (const status of [201, 301, 400, 401, 404, 429, 500, 503]) {
    world.peer.answer = (response) => { response.writeHead(status, { 'content-type': 'text/x-own', 'retry-after': '7', 'www-authenticate': 'Basic realm="theirs"', 'x-own': 'é', 'set-cookie': ['a=1', 'b=2'], location: 'http://else.example/' }).end('own words') }
    const response = await fetch(`${world.url}/v1/chat/completions`, { method: 'POST', headers: json, body: '{"model":"remote"}', redirect: 'manual' })
    t.equal(response.status, status)
    t.equal(await response.text(), 'own words')
    t.match(Object.fromEntries(response.headers), { 'content-type': 'text/x-own', 'retry-after': '7', 'www-authenticate': 'Basic realm="theirs"', location: 'http://else.example/' }, String(status))
    t.strictSame(response.headers.getSetCookie(), ['a=1', 'b=2'])
  }
})

t.test('event streams: each event as it comes, an end when the client leaves, an error when the peer breaks off', async (t) => {
  const world = await start(t)
  const outcomes: string[] = []
  world.app.llamaSwap.on('request', ({ model, outcome }: RequestEvent) => outcomes.push(`${model} ${outcome}`))
  let send = (_text: string): void => {}
  let end = (): void => {}
  let cut = (): void => {}
  world.peer.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    send = (text) => { response.write(text) }
    end = () => { response.end() }
    cut = () => { response.socket!.destroy() }
  }
  const stream = async (signal?: AbortSignal): Promise<{ response: Response, next: () => Promise<string> }> => {
    const response = await fetch(`${world.url}/v1/chat/completions`, { method: 'POST', headers: json, body: '{"model":"p/remote","stream":true}', signal: signal ?? null })
    const reader = response.body!.getReader()
    return { response, next: async () => Buffer.from((await reader.read()).value ?? []).toString() }
  }
  const whole = await stream()
  t.equal(whole.response.headers.get('x-accel-buffering'), 'no', 'headers are there before any event')
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    send(text)
    t.equal(await whole.next(), text)
  }
  end()
  t.equal(await whole.next(), '')

  const client = new AbortController()
  const left = await stream(client.signal)
  send('data: 1\n\n')
  await left.next()
  client.abort()
  await until(() => world.peer.counts.cancelled === 1 && world.peer.counts.active === 0)

  const broken = await stream()
  send('data: 1\n\n')
  await broken.next()
  cut()
  t.match(await broken.next(), /^data: \{"src":"llama-swap","error":\{"message":"the server of the model \\"p\/remote\\" broke off in the middle/)
  await t.rejects(broken.next())
  await until(() => outcomes.length === 3)
  t.strictSame(outcomes, ['p/remote completed', 'p/remote cancelled', 'p/remote truncated'])
})

t.test('many at once, without limit and without a warning', async (t) => {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const world = await start(t)
  const answers: Array<() => void> = []
  world.peer.answer = (response) => { answers.push(() => response.end('ok')) }
  const requests = Array.from({ length: 50 }, () => post(world, '{"model":"remote"}').then((response) => response.text()))
  await until(() => answers.length === 50)
  for (const answer of answers) answer()
  t.strictSame(new Set(await Promise.all(requests)), new Set(['ok']))
  await new Promise(setImmediate)
  t.strictSame(warnings, [])
})

t.test('drain waits for what is under way, and refuses what is new', async (t) => {
  const world = await start(t)
  let finish = (): void => {}
  world.peer.answer = (response) => { finish = () => response.end('late') }
  const running = post(world, '{"model":"remote"}')
  await until(() => world.peer.seen.length === 1)
  let drained = false
  const drain = world.app.llamaSwap.drain().then(() => { drained = true })
  const refused = await post(world, '{"model":"remote"}')
  t.equal(refused.status, 503)
  t.ok(refused.headers.get('retry-after'))
  t.match(await refused.json(), { error: { code: 'closing' } })
  t.notOk(drained)
  finish()
  t.equal(await (await running).text(), 'late')
  await drain
  await t.rejects(world.app.llamaSwap.acquire('remote'), { code: 'FST_LS_CLOSING' })
})

t.test('closing lets requests end, then ends them visibly', async (t) => {
  for (const drainTimeout of [0, 10_000]) {
    const world = await start(t, {}, { drainTimeout })
    let finish = (): void => {}
    world.peer.answer = (response) => { finish = () => response.end('late') }
    const running = post(world, '{"model":"remote"}')
    const lease = await world.app.llamaSwap.acquire('p/remote')
    await until(() => world.peer.seen.length === 1)
    const closed = world.app.close()
    if (drainTimeout > 0) finish()
    const response = await running
    t.equal(response.status, drainTimeout > 0 ? 200 : 503)
    t.match(await response.text(), drainTimeout > 0 ? /^late$/ : /"code":"closing"/)
    await closed
    t.equal(lease.signal.aborted, true)
    t.match(lease.signal.reason, { code: 'FST_LS_CLOSING' })
    t.doesNotThrow(() => lease.release())
    await until(() => world.peer.counts.active === 0)
  }
})

t.test('a reload changes the peer for what comes after it; what is under way goes on', async (t) => {
  const world = await start(t)
  const other = await echoServer(t, 'other')
  let finish = (): void => {}
  const { answer } = world.peer
  world.peer.answer = (response) => { finish = () => response.end('late') }
  const running = post(world, '{"model":"p/remote"}')
  const lease = await world.app.llamaSwap.acquire('p/remote')
  await until(() => world.peer.seen.length === 1)
  world.peer.answer = answer
  await world.app.llamaSwap.reload({ peers: { p: { proxy: other.origin, models: ['remote'], apiKey: 'new' } } })
  t.match(await (await post(world, '{"model":"p/remote"}')).json(), { name: 'other', headers: { authorization: 'Bearer new' } })
  const { body } = await lease.dispatcher.request({ origin: lease.origin, path: '/still', method: 'GET' })
  t.match(await body.json(), { name: 'peer' }, 'a lease goes on to where it was made')
  finish()
  t.equal(await (await running).text(), 'late')
  lease.release()
  lease.release()
  await world.app.llamaSwap.reload({ peers: { p: { proxy: other.origin, models: ['another'] } } })
  t.equal((await post(world, '{"model":"p/remote"}')).status, 404)
  t.match(await (await post(world, '{"model":"p/another"}')).json(), { name: 'other' })
  t.notHas(other.seen.at(-1)!.headers, { authorization: String })
  await world.app.llamaSwap.reload({})
  t.equal((await post(world, '{"model":"another"}')).status, 404)
})

t.test('from code: lent at once, with the key, and not loaded or unloaded here', async (t) => {
  const world = await start(t, { apiKey: 'theirs' })
  const { llamaSwap } = world.app
  {
    using lease = await llamaSwap.acquire('remote')
    t.match(lease, { model: 'p/remote', peer: 'p', origin: world.peer.origin, basePath: '/base', headers: { authorization: 'Bearer theirs', 'x-api-key': 'theirs' } })
  }
  const response = await llamaSwap.fetch('p/remote', '/x?y', { method: 'POST', body: 'b', headers: { authorization: 'mine', 'x-own': '1' } })
  t.match(await response.json(), { method: 'POST', url: '/base/x?y', body: 'b', headers: { authorization: 'Bearer theirs', 'x-own': '1' } })
  await t.rejects(llamaSwap.load('remote'), { code: 'FST_LS_MODEL_REMOTE', statusCode: 404 })
  await t.rejects(llamaSwap.unload('p/remote'), { code: 'FST_LS_MODEL_REMOTE' })
  await t.rejects(async () => { for await (const line of llamaSwap.logs('remote')) t.fail(line.line) }, { code: 'FST_LS_MODEL_REMOTE' })
  t.strictSame(llamaSwap.status().models, [], 'it is no model of ours')
})

t.test('another gateway of ours: its keys, its models, its errors, its streams', async (t) => {
  const far = await startApp(t, {
    apiKeys: ['far-key'],
    models: { remote: { cmd: upstreamCommand({ name: 'far' }), aliases: ['alias'] }, 'org/broken': { cmd: upstreamCommand({ exitCode: 3 }) } }
  }, { prefix: '/far' })
  const near = await startApp(t, { peers: { far: { proxy: `${far.url}/far`, apiKey: 'far-key', models: ['remote', 'alias', 'org/broken', 'gone'] }, wrong: { proxy: `${far.url}/far`, apiKey: 'nope', models: ['x'] } } })
  t.match(await (await near.chat('far/remote')).json(), { upstream: { name: 'far' } })
  t.match(await (await near.chat('alias', { stream: true })).text(), /far 0[^]*data: \[DONE\]\n\n$/)
  t.strictSame(far.states, ['remote stopped>starting', 'remote starting>ready'])
  const gone = await near.chat('gone')
  t.equal(gone.status, 404)
  t.match(await gone.json(), { error: { code: 'model_not_found', message: /"gone"/ } }, 'what the far one says')
  const broken = await near.chat('far/org/broken')
  t.equal(broken.status, 502)
  t.match(await broken.json(), { error: { code: 'start_failed', message: /"org\/broken"/ } })
  const wrong = await near.chat('wrong/x')
  t.equal(wrong.status, 401)
  t.equal(wrong.headers.get('www-authenticate'), 'Basic realm="llama-swap"')
  const client = new AbortController()
  const leaves = await near.chat('remote', { stream: true, fault: { chunks: 1_000_000 } }, { signal: client.signal })
  t.equal(leaves.status, 200)
  client.abort()
  await until(() => far.app.llamaSwap.status().models.every(({ leases }) => leases === 0))
})

t.test('listed by full name only, and looked up by either', async (t) => {
  const { url } = await start(t, { models: ['remote', 'org/model'] }, { config: { models: { mine: modelAt('http://127.0.0.1:1') } } })
  const { data } = await (await fetch(`${url}/v1/models`)).json() as { data: Array<{ id: string }> }
  t.strictSame(data.map(({ id }) => id), ['mine', 'p/org/model', 'p/remote'])
  t.match(data[2], { object: 'model', owned_by: 'llama-swap', name: 'p: remote', meta: { llamaswap: { type: 'peer', peerID: 'p' } }, status: { value: 'unloaded' } })
  for (const id of ['p/remote', 'remote', 'p/org/model', 'org%2Fmodel']) t.match(await (await fetch(`${url}/v1/models/${id}`)).json(), { id: decodeURIComponent(id), meta: { llamaswap: { type: 'peer', peerID: 'p' } } }, id)
})
