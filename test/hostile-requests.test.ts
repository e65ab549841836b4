// Requests, and answers of servers, that try to be understood in two ways, or to break something: refused, or passed on as data.
import net from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import type { ConfigInput } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { Setup, TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer, Seen } from './helper/echo-server.ts'

const BODY = '{"model":"a"}'

interface Answer {
  readonly status: number
  /** Everything after the status line of the last answer. */
  readonly text: string
  /** All that came. */
  readonly raw: string
}

interface World extends TestApp {
  readonly server: EchoServer
  /** Sends bytes, one for each character, and waits for the end of the connection. */
  send (bytes: string): Promise<Answer>
}

async function start (t: Test, { config = {}, ...setup }: Setup & { config?: ConfigInput } = {}): Promise<World> {
  const server = await echoServer(t, 'a')
  const test = await startApp(t, {
    models: { a: modelAt(server.origin), 'org/b': modelAt(server.origin) },
    groups: { all: { swap: false, members: ['a', 'org/b'] } },
    peers: { p: { proxy: server.origin, models: ['remote'], apiKey: 'theirs' } },
    ...config
  }, { routes: { upstream: true, admin: true }, ...setup })
  return { ...test, server, send: (bytes) => send(test.url, bytes) }
}

function send (url: string, bytes: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes, 'latin1'))
    // What is refused may be reset while it is still being sent.
    socket.on('error', (error: NodeJS.ErrnoException) => { if (!['ECONNRESET', 'EPIPE'].includes(error.code!)) reject(error) })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => {
      const raw = Buffer.concat(chunks).toString('latin1')
      const last = raw.slice(raw.lastIndexOf('HTTP/1.1 '))
      resolve({ status: Number(last.split(' ')[1]), text: last.slice(last.indexOf('\r\n') + 2), raw })
    })
  })
}

const get = (target: string, headers = ''): string => `GET ${target} HTTP/1.1\r\nHost: gateway\r\n${headers}Connection: close\r\n\r\n`
const post = (headers: string, body = BODY, target = '/v1/chat/completions'): string => `POST ${target} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n${headers}Connection: close\r\n\r\n${body}`
const length = (body = BODY): string => `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`

/** That a request has left the gateway as it was. */
async function stillServes (t: Test, { send, server, app }: World, what: string): Promise<void> {
  const { status } = await send(post(length()))
  t.equal(status, 200, `${what}: the next request is served`)
  t.match(server.seen.at(-1), { method: 'POST', url: '/v1/chat/completions', body: BODY }, what)
  t.ok(app.llamaSwap.status().models.every(({ leases, waiting }) => leases + waiting === 0), what)
}

const count = (names: readonly string[], wanted: string): number => names.filter((name, index) => index % 2 === 0 && name.toLowerCase() === wanted).length

t.test('Expect: 100-continue is answered once, by us, and goes no further', async (t) => {
  const world = await start(t)
  const { url, server } = world
  for (const expect of ['100-continue', '100-Continue']) {
    const raw = await new Promise<string>((resolve) => {
      let text = ''
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(post(`Expect: ${expect}\r\n${length()}`, '')))
      socket.on('data', (chunk) => {
        text += String(chunk)
        if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(BODY)
      })
      socket.on('close', () => resolve(text))
    })
    t.match(raw, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/, expect)
    t.equal(raw.match(/100 Continue/g)!.length, 1, expect)
    t.notHas(server.seen.at(-1)!.headers, { expect: String }, expect)
  }
  const early = await world.send(post(`Expect: 100-continue\r\n${length()}`))
  t.match(early.raw, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/, 'a client that does not wait')
  const seen = server.seen.length
  for (const expect of ['200-ok', 'nothing', 'x=y', '']) {
    const { status, raw } = await world.send(post(`Expect: ${expect}\r\n${length()}`))
    if (expect !== '') t.equal(status, 417, expect)
    t.notMatch(raw, /100 Continue/, expect)
  }
  for (const { headers } of server.seen.slice(seen)) t.notHas(headers, { expect: String })
  await world.send(get('/upstream/a/x', 'Expect: 100-continue\r\n'))
  t.notHas(server.seen.at(-1)!.headers, { expect: String })
  await stillServes(t, world, 'after all')
})

const chunked = (body = BODY): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const refusedFramings: Array<[what: string, bytes: string, status?: number]> = [
  ['two lengths', post(`${length()}Content-Length: 5\r\n`)],
  ['the same length twice', post(length() + length())],
  ['a list of lengths', post('Content-Length: 13, 13\r\n')],
  ['a length with a sign', post('Content-Length: +13\r\n')],
  ['a length below zero', post('Content-Length: -1\r\n')],
  ['a length in hex', post('Content-Length: 0xd\r\n')],
  ['a length with letters', post('Content-Length: 13a\r\n')],
  ['a length beyond all numbers', post('Content-Length: 99999999999999999999999\r\n')],
  ['a length that we do not take', post('Content-Length: 1000000000000\r\n'), 413],
  ['length and chunks', post(`${length()}Transfer-Encoding: chunked\r\n`, chunked())],
  ['chunks and length', post(`Transfer-Encoding: chunked\r\n${length()}`, chunked())],
  ['chunks that are not last', post('Transfer-Encoding: chunked, identity\r\n', chunked())],
  ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', chunked())],
  ['a coding with a tab in its name', post('Transfer-Encoding: \tchunke\td\r\n', chunked())],
  ['chunks twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunked())],
  ['a space before the colon', post('Transfer-Encoding : chunked\r\n', chunked())],
  ['a folded header', post('X-A: 1\r\n Transfer-Encoding: chunked\r\n', chunked())],
  ['a chunk of no size', post('Transfer-Encoding: chunked\r\n', `zz\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a chunk below zero', post('Transfer-Encoding: chunked\r\n', `-1\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a chunk beyond all numbers', post('Transfer-Encoding: chunked\r\n', `fffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a length behind the last chunk', post('Transfer-Encoding: chunked\r\n', `d\r\n${BODY}\r\n0\r\nContent-Length: 99\r\n\r\n`)],
  ['lines that end in LF alone', get('/upstream/a/x').replaceAll('\r\n', '\n')],
  ['a header without a name', get('/upstream/a/x', ': 1\r\n')],
  ['a header name with a space', get('/upstream/a/x', 'X A: 1\r\n')],
  ['a header name beyond ASCII', get('/upstream/a/x', 'X-\xe9: 1\r\n')],
  ['NUL in a header', get('/upstream/a/x', 'X-A: 1\x002\r\n')],
  ['CR in a header', get('/upstream/a/x', 'X-A: 1\r2\r\n')],
  ['a control character in a header', get('/upstream/a/x', 'X-A: 1\x012\r\n')],
  ['no Host', 'GET /upstream/a/x HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['headers of 20 KB', get('/upstream/a/x', `X-A: ${'x'.repeat(20_000)}\r\n`), 431],
  ['a target of 20 KB', get(`/upstream/a/${'x'.repeat(20_000)}`), 431],
  ['no target', 'GET  HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a target with a space', get('/upstream/a/x y')],
  ['a target beyond ASCII', get('/upstream/a/\xe9')],
  ['a target with a control character', get('/upstream/a/x\x01')],
  ['a method of one\'s own', get('/upstream/a/x').replace('GET', 'FETCH')],
  ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']
]

t.test('bodies and headers whose ends can be disputed are refused', async (t) => {
  const world = await start(t)
  await stillServes(t, world, 'before')
  for (const [what, bytes, status = 400] of refusedFramings) {
    const before = world.server.seen.length
    const answer = await world.send(bytes)
    t.equal(answer.status, status, `${what}: ${answer.raw.slice(0, 100)}`)
    t.equal(world.server.seen.length, before, what)
    t.equal(answer.raw.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
  }
  await stillServes(t, world, 'after all')
})

t.test('what is sent on has one length, ours, and one body', async (t) => {
  const { send, server } = await start(t)
  const smuggled = 'GET /stats HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const [what, bytes, body] of [
    ['chunks', post('Transfer-Encoding: chunked\r\n', '5\r\n{"mod\r\n8;ext="x"\r\nel":"a"}\r\n0\r\n\r\n'), BODY],
    ['chunks with trailers', post('Transfer-Encoding: chunked\r\nTrailer: Host\r\n', `d\r\n${BODY}\r\n0\r\nHost: evil\r\nX-T: 1\r\n\r\n`), BODY],
    ['gzip and chunks', post('Transfer-Encoding: gzip, chunked\r\n', chunked()), BODY],
    ['a request within the body', post(length(`{"model":"a","x":"\r\n\r\n${smuggled}"}`), `{"model":"a","x":"\r\n\r\n${smuggled}"}`), `{"model":"a","x":"\r\n\r\n${smuggled}"}`],
    ['Connection names what says how long it is', post(`${length()}Connection: content-length, transfer-encoding, content-type, host, x-forwarded-for\r\n`), BODY]
  ] as const) {
    const before = server.seen.length
    t.equal((await send(bytes)).status, 200, what)
    t.equal(server.seen.length, before + 1, `${what}: one request`)
    const { headers, rawHeaders, body: sent, url } = server.seen.at(-1)!
    t.strictSame([url, sent], ['/v1/chat/completions', body], what)
    t.equal(headers['content-length'], String(body.length), what)
    t.equal(count(rawHeaders, 'content-length'), 1, what)
    t.match(headers, { host: /^(gateway|127\.0\.0\.1:\d+)$/, 'x-forwarded-for': '127.0.0.1' }, what)
    for (const name of ['transfer-encoding', 'trailer', 'te']) t.notHas(headers, { [name]: String }, what)
  }
  const withBody = await send(`GET /upstream/a/x HTTP/1.1\r\nHost: g\r\nContent-Length: ${smuggled.length}\r\nConnection: close\r\n\r\n${smuggled}`)
  t.equal(withBody.status, 200)
  t.match(server.seen.at(-1), { method: 'GET', url: '/x', body: '' }, 'a GET has no body')
  const pipelined = await send(get('/upstream/a/one').replace('Connection: close\r\n', '') + get('/upstream/a/two'))
  t.equal(pipelined.raw.match(/HTTP\/1\.1 200 OK/g)!.length, 2, 'two requests in one go are two')
  t.strictSame(server.seen.slice(-2).map(({ url }) => url), ['/one', '/two'])
})

t.test('headers that Connection names are taken out, but none of ours', async (t) => {
  const { send, server } = await start(t, { forwardAuthorization: true })
  const sent = async (connection: string, headers: string, model = 'a'): Promise<Seen> => {
    const body = `{"model":"${model}"}`
    t.equal((await send(`POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n${length(body)}${headers}Connection: ${connection}\r\n\r\n${body}`)).status, 200, connection)
    return server.seen.at(-1)!
  }
  const { headers } = await sent('close, X-A ,x-b', 'X-A: 1\r\nX-B: 2\r\nX-C: 3\r\n')
  t.notHas(headers, { 'x-a': String })
  t.notHas(headers, { 'x-b': String })
  t.equal(headers['x-c'], '3')
  for (const connection of ['close,,, ,', 'close, __proto__', 'close, constructor', 'close, "x-c"']) t.equal((await sent(connection, 'X-C: 3\r\n')).headers['x-c'], '3', connection)
  t.match((await sent('close, authorization, x-api-key, host, x-forwarded-for', 'Authorization: mine\r\n', 'remote')).headers, {
    authorization: 'Bearer theirs', 'x-api-key': 'theirs', host: new URL(server.origin).host
  }, 'nor those of a peer')
})

t.test('targets: by their path as it was sent, or refused; never another host\'s', async (t) => {
  const world = await start(t)
  const { send, server, app } = world
  await app.llamaSwap.load('a')
  const table: Array<[target: string, status: number, url?: string]> = [
    ['/upstream/a//other.example/x', 200, '//other.example/x'],
    ['/upstream/a//other.example/../x', 400],
    ['//other.example/upstream/a/x', 404],
    ['/upstream//a/x', 200, '/x'],
    ['/upstream///org/b//x', 200, '//x'],
    ['//v1/models', 404],
    ['/\\other.example', 404],
    ['/upstream/a/\\\\other.example', 400],
    ['/upstream/a/x%5cy', 400],
    ['http://other.example/upstream/a/x?y=1', 200, '/x?y=1'],
    ['https://user:pass@other.example:99/upstream/a/x', 200, '/x'],
    ['HTTP://other.example/props?model=a', 200, '/props?model=a'],
    ['http://other.example/upstream/a/http://third.example/', 200, '/http://third.example/'],
    ['http://other.example/v1/models', 200],
    ['http://other.example', 404],
    ['http://other.example/upstream/a', 301],
    ['other.example:443', 400],
    ['*', 404],
    ['/upstream/a/@other.example', 200, '/@other.example'],
    ['/upstream/a/:80', 200, '/:80'],
    ['/upstream/a/..', 400],
    ['/upstream/a/../x', 400],
    ['/upstream/a/./x', 400],
    ['/upstream/a/%2e%2e/x', 400],
    ['/upstream/a/%2E%2e', 400],
    ['/upstream/a/x%2f..%2fy', 400],
    ['/upstream/a/%252e%252e/x', 200, '/%252e%252e/x'],
    ['/upstream/a/.../..x/x../x', 200, '/.../..x/x../x'],
    ['/upstream/../upstream/a/x', 404],
    ['/upstream/%2e%2e/a/x', 404],
    ['/upstream/a/x%2Fy', 200, '/x%2Fy'],
    ['/upstream%2fa/x', 404],
    ['/upstream/org%2fb/x', 200, '/x'],
    ['/upstream/a%2f..%2forg%2fb/x', 404],
    ['/v1%2fmodels', 404],
    ['/v1/%6dodels', 200],
    ['/upstream/a/%', 400],
    ['/upstream/a/%zz', 400],
    ['/upstream/a/%ff', 400],
    ['/upstream/a/%c0%ae%c0%ae/x', 400],
    ['/upstream/a/x?q=%zz', 200, '/x?q=%zz'],
    ['/upstream/a/x?q=100%', 200, '/x?q=100%'],
    ['/upstream/a/x?q=/../..&r=..%2f..', 200, '/x?q=/../..&r=..%2f..'],
    ['/upstream/a/x?q=\\..\\', 200, '/x?q=\\..\\'],
    ['/upstream/a/x??#', 200, '/x??%23'],
    ['/upstream/a/x#y', 200, '/x%23y'],
    ['/upstream/a/x#?y', 200, '/x%23?y'],
    ['/upstream/a/#/../y', 400],
    ['/upstream/a#y', 404],
    ['/upstream/a?#', 301],
    ['/v1/models#/../x', 200],
    ['/upstream/a/x;y=z', 200, '/x;y=z'],
    ['/upstream/a/"<>|^`{}', 200, '/"<>|^`{}'],
    ['/upstream/a/x\'y(z)*!$&,+=~', 200, '/x\'y(z)*!$&,+=~'],
    ['?x', 400],
    ['upstream/a/x', 400]
  ]
  for (const [target, status, url] of table) {
    const before = server.seen.length
    const answer = await send(get(target))
    t.equal(answer.status, status, `${target}: ${answer.text.slice(-200)}`)
    t.equal(server.seen.length, before + (url === undefined ? 0 : 1), target)
    if (url === undefined) continue
    t.equal(server.seen.at(-1)!.url, url, target)
    t.equal(server.seen.at(-1)!.headers.host, 'gateway', target)
  }
  await stillServes(t, world, 'after all')
})

t.test('redirects lead to this host, by its path', async (t) => {
  const { send, app } = await start(t, { config: { models: { comfyui_auto: modelAt('http://127.0.0.1:1'), a: modelAt('http://127.0.0.1:1') }, groups: {} } })
  t.ok(app)
  for (const [target, location] of [
    ['/upstream/a?//other.example', '/upstream/a/?//other.example'],
    ['http://other.example/upstream/a', '/upstream/a/'],
    ['/comfyui?x=%0d%0aSet-Cookie:y', '/comfyui/?x=%0d%0aSet-Cookie:y'],
    ['/comfyui#x', '/comfyui%23x/'],
    ['/comfyui?\\other.example', '/comfyui/?\\other.example']
  ] as const) {
    const { text } = await send(get(target))
    t.match(text, new RegExp(`^location: ${location.replaceAll(/[?\\]/g, '\\$&')}\r$`, 'im'), target)
    t.notMatch(text, /^set-cookie/im, target)
  }
})

t.test('CR, LF and NUL, encoded: in no header, and in no path', async (t) => {
  const { send, server } = await start(t)
  for (const code of ['%0d%0aX-Injected:%201', '%0a', '%0d', '%00', '%09', '%01']) {
    t.equal((await send(get(`/upstream/a/x${code}`))).status, 400, `path ${code}`)
    t.equal((await send(get(`/upstream/a${code}/x`))).status, 404, `name in the path ${code}`)
    t.equal((await send(get(`/upstream/a/x?q=${code}`))).status, 200, `query ${code}`)
    t.equal(server.seen.at(-1)!.url, `/x?q=${code}`)
    const byQuery = await send(get(`/props?model=a${code}`))
    t.equal(byQuery.status, 404, `name in the query ${code}`)
    t.notMatch(byQuery.text, /^x-injected/im)
  }
  for (const code of ['\\r\\nX-Injected: 1', '\\n', '\\u0000', '\\u0001', '\\ud800']) {
    const body = `{"model":"a${code}"}`
    for (const accept of ['*/*', 'text/plain', 'text/html']) {
      const answer = await send(post(`${length(body)}Accept: ${accept}\r\n`, body))
      t.equal(answer.status, 404, code)
      t.notMatch(answer.text.split('\r\n\r\n')[0], /^x-injected/im, code)
    }
    const form = `model=a${code.startsWith('\\r') ? '%0d%0aX-Injected:%201' : '%00'}`
    t.equal((await send(post(length(form), form, '/v1/audio/transcriptions').replace('application/json', 'application/x-www-form-urlencoded'))).status, 404, code)
  }
  t.ok(server.seen.every(({ headers }) => headers['x-injected'] === undefined))
})

t.test('large and deep: answered in little time and room', async (t) => {
  const world = await start(t)
  const { send, server } = world
  const name = 'x'.repeat(1_000_000)
  const named = await send(post(length(`{"model":"${name}"}`), `{"model":"${name}"}`))
  t.equal(named.status, 404)
  t.ok(named.raw.length < 1000, 'a name of a megabyte is not sent back')
  const asForm = await send(post(length(`model=${name}`), `model=${name}`, '/v1/audio/transcriptions').replace('application/json', 'application/x-www-form-urlencoded'))
  t.match(asForm, { status: 400, text: /"code":"body_malformed".*|.*longer than 16 KB/ })

  const keys = Array.from({ length: 100_000 }, (_, index) => `"k${index}":${index}`).join(',')
  const many = `{${keys},"model":"a"}`
  t.equal((await send(post(length(many), many))).status, 200)
  t.equal(server.seen.at(-1)!.body, many)
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"model":"a"}`
  t.equal((await send(post(length(deep), deep))).status, 200)
  const pairs = `${Array.from({ length: 100_000 }, (_, index) => `k${index}=${index}`).join('&')}&model=a`
  t.equal((await send(post(length(pairs), pairs, '/v1/audio/transcriptions').replace('application/json', 'application/x-www-form-urlencoded'))).status, 200)
  t.equal(server.seen.at(-1)!.body, pairs)
  const parts = `${'--B\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(10_001)}--B\r\nContent-Disposition: form-data; name="model"\r\n\r\na\r\n--B--\r\n`
  t.match(await send(post(length(parts), parts, '/v1/audio/transcriptions').replace('application/json', 'multipart/form-data; boundary=B')), { status: 400, text: /more than 10000 parts/ })
  const names = `${'"model":"a",'.repeat(100_000)}"model":"b"`
  t.equal((await send(post(length(`{${names}}`), `{${names}}`))).status, 400)
  await stillServes(t, world, 'after all')
})

t.test('filters, on bodies of that kind', async (t) => {
  const world = await start(t, { config: { models: {}, groups: {}, peers: {} } })
  await world.app.llamaSwap.reload({ models: { a: modelAt(world.server.origin, { useModelName: 'real', filters: { stripParams: 'x.y.z, k7', setParams: { 'a.b': 1 } } }) } })
  const keys = Array.from({ length: 100_000 }, (_, index) => `"k${index}":${index}`).join(',')
  const many = `{${keys},"model":"a"}`
  t.equal((await world.send(post(length(many), many))).status, 200)
  const sent = JSON.parse(world.server.seen.at(-1)!.body) as Record<string, unknown>
  t.match(sent, { model: 'real', a: { b: 1 }, k8: 8 })
  t.equal(sent['k7'], undefined)
  for (const [body, status] of [
    ['{"model":"a","a":[1]}', 500], ['{"model":"a","a":"text"}', 200], ['{"model":"a","x":{"y":{"z":1}},"__proto__":{"polluted":true}}', 200], ['{"model":"a"', 400]
  ] as const) {
    const answer = await world.send(post(length(body), body))
    t.equal(answer.status, status, `${body}: ${answer.text.slice(-200)}`)
  }
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

t.test('header names of ours, and of JavaScript\'s, are data', async (t) => {
  const { send, server } = await start(t)
  t.equal((await send(get('/upstream/a/x', 'Symbol(llama-swap.route): 1\r\n'))).status, 400, 'no such name')
  const headers = ['llama-swap.route', 'llama-swap.upgrade-head', 'ws-head', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x-upstream'].map((name) => `${name}: 1\r\n`).join('')
  t.equal((await send(get('/upstream/a/x', headers))).status, 200)
  t.match(server.seen.at(-1)!.headers, { 'llama-swap.route': '1', 'ws-head': '1', constructor: '1' })
  t.equal((await send(get('/upstream/a/x', 'X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /stats\r\nX-Rewrite-URL: /stats\r\n'))).status, 200)
  t.match(server.seen.at(-1), { method: 'GET', url: '/x', headers: { 'x-http-method-override': 'DELETE' } })
})

t.test('what others say of the way here is added to, and believed by nobody', async (t) => {
  const { send, server } = await start(t)
  t.equal((await send(get('/upstream/a/x', 'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=8.8.8.8\r\n'))).status, 200)
  t.match(server.seen.at(-1)!.headers, { host: 'gateway', 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 127.0.0.1', 'x-forwarded-host': 'evil', 'x-forwarded-proto': 'https', 'x-real-ip': '9.9.9.9', forwarded: 'for=8.8.8.8' })
  t.equal((await send(get('/upstream/a/x', 'X-Forwarded-For:\r\n'))).status, 200)
  t.match(server.seen.at(-1)!.headers['x-forwarded-for'], /127\.0\.0\.1$/)
  t.equal((await send('GET /upstream/a/x HTTP/1.0\r\n\r\n')).status, 200)
  t.equal(server.seen.at(-1)!.headers.host, new URL(server.origin).host, 'who names no host is sent the server\'s')
})

t.test('types of bodies that are none', async (t) => {
  const world = await start(t)
  for (const [type, status] of [['application/json;;;=', 200], ['application/json; charset=nonsense', 200], ['foo', 415], ['', 415], ['x/application/json', 415], ['multipart/form-data', 400], ['multipart/form-data; boundary=""', 400], [`multipart/form-data; boundary=${'x'.repeat(1000)}`, 400]] as const) {
    const answer = await world.send(post(length()).replace('application/json', type))
    t.equal(answer.status, status, `${type}: ${answer.text.slice(-200)}`)
  }
  await stillServes(t, world, 'after all')
})

/** A server that answers every request with these bytes. */
async function answering (t: Test): Promise<{ origin: string, answer: string }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(answering.answer, 'latin1'))
  })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answering = { origin: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, answer: '' }
  return answering
}

const answers: Array<[what: string, bytes: string, status: number, text?: RegExp]> = [
  ['letters beyond ASCII in a header', 'HTTP/1.1 200 OK\r\nX-A: \xe9\xff\r\nContent-Length: 2\r\n\r\nok', 200, /^x-a: \xe9\xff\r\n/im],
  ['the same in an event stream', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-A: \xe9\xff\r\n\r\ndata: 1\n\n', 200, /^x-a: \xe9\xff\r\n/im],
  ['a control character in a header', 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok', 502, /upstream_failed/],
  ['a status that is none', 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok', 502, /upstream_failed/],
  ['a status below all', 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok', 502, /upstream_failed/],
  ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', 502, /upstream_failed/],
  ['headers without end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(200_000)}\r\n\r\n`, 502, /upstream_failed/],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 502, /upstream_failed/],
  ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 502, /upstream_failed/],
  ['no HTTP', 'hello there\r\n\r\n', 502, /upstream_failed/],
  ['nothing', '', 502, /upstream_failed/],
  ['half a header', 'HTTP/1.1 200 OK\r\nContent-Le', 502, /upstream_failed/],
  ['a bad chunk at once', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n', 502, /"code":"upstream_failed"/],
  ['a length that is not kept, with nothing sent', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 502, /"code":"upstream_failed"/],
  ['names of JavaScript\'s', 'HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\nContent-Length: 2\r\n\r\nok', 200, /ok$/],
  ['hop-by-hop headers', 'HTTP/1.1 200 OK\r\nConnection: x-a\r\nX-A: 1\r\nKeep-Alive: timeout=1\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok', 200, /^(?!.*x-a: 1)(?!.*upgrade: h2c)/is]
]

t.test('an answer that breaks something ends one request only', async (t) => {
  const server = await answering(t)
  const uncaught: Error[] = []
  const onUncaught = (error: Error): void => { uncaught.push(error) }
  process.on('uncaughtExceptionMonitor', onUncaught)
  t.teardown(() => process.off('uncaughtExceptionMonitor', onUncaught))
  const { app, url } = await startApp(t, { models: { a: modelAt(server.origin) } })
  const good = await echoServer(t)
  const other = await startApp(t, { models: { good: modelAt(good.origin), a: modelAt(server.origin) }, groups: { all: { swap: false, members: ['good', 'a'] } } })
  let finish = (): void => {}
  good.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    finish = () => response.end('data: end\n\n')
  }
  const beside = await other.chat('good')
  for (const [what, bytes, status, pattern] of answers) {
    server.answer = bytes
    for (const base of [url, other.url]) {
      const { status: got, text } = await send(base, post(length()))
      t.equal(got, status, `${what}: ${text.slice(0, 300)}`)
      if (pattern !== undefined) t.match(text, pattern, what)
    }
    await until(() => app.llamaSwap.status().models.every(({ leases }) => leases === 0))
  }
  finish()
  t.equal(await beside.text(), 'data: end\n\n', 'a stream beside them goes on')
  t.strictSame(uncaught, [])
})

t.test('a hook of the host\'s that throws on an answer ends that request only, and its server\'s work', async (t) => {
  let fails = false
  const world = await start(t, {
    prepare (app) {
      app.addHook('onSend', async () => { if (fails) throw new Error('hook') })
      app.setErrorHandler((error, _request, reply) => {
        fails = false
        reply.code(418).send(`host: ${(error as Error).message}`)
      })
    }
  })
  const { answer } = world.server
  world.server.answer = (response) => {
    response.writeHead(200)
    const more = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536))); }
    response.on('drain', more)
    more()
  }
  fails = true
  t.match(await world.send(post(length())), { status: 418, text: /host: hook$/ })
  await until(() => world.server.counts.active === 0)
  t.equal(world.server.counts.cancelled, 1)
  world.server.answer = answer
  await stillServes(t, world, 'after it')
})
