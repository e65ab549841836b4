// `handler`: a route of the host's own over a model.
import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { ConfigInput, HandlerOptions, RequestEvent } from '../index.ts'
import { startApp, until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import type { EchoServer } from './helper/echo-server.ts'

const json = { 'content-type': 'application/json' }

interface World extends TestApp {
  readonly server: EchoServer
}

/** An app with routes of its own. */
async function start (t: Test, routes: (app: FastifyInstance) => void, config: ConfigInput = {}, prepare?: (app: FastifyInstance) => Promise<void>): Promise<World> {
  const server = await echoServer(t)
  const test = await startApp(t, { models: { a: modelAt(server.origin, { aliases: ['alias'] }) }, ...config }, {
    prepare: async (app) => {
      await prepare?.(app)
      app.register(async (scope) => routes(scope))
    }
  })
  return { ...test, server }
}

const on = (model: string, options?: HandlerOptions) => (app: FastifyInstance): void => {
  app.all('/own/*', (request, reply) => app.llamaSwap.handler(model, options).call(app, request, reply))
}

t.test('the path is the request\'s own or the one that is given; the query follows either', async (t) => {
  const own = await start(t, on('a'))
  await (await fetch(`${own.url}/own/a%2Fb?x=%20&y`)).text()
  t.match(own.server.seen.at(-1), { method: 'GET', url: '/own/a%2Fb?x=%20&y' })
  const given = await start(t, on('alias', { path: '/v1/embeddings' }))
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    await (await fetch(`${given.url}/own/x?y=%2f`, { method })).text()
    t.match(given.server.seen.at(-1), { method, url: '/v1/embeddings?y=%2f', body: '' }, method)
  }
})

t.test('a path without a slash is the host\'s mistake', async (t) => {
  const { app } = await start(t, () => {})
  for (const path of ['v1/x', '', 'http://other.example/', '@other.example']) t.throws(() => app.llamaSwap.handler('a', { path }), { code: 'FST_LS_OPTIONS', message: /"path" must begin with a slash/ }, path)
  t.doesNotThrow(() => app.llamaSwap.handler('nobody'), 'a model may come with a reload')
})

const spaced = '{ "model": "mine",  "x": [1, 2.0], "é": "\\u0041" }'

t.test('a body that is a stream or a Buffer goes on as it is', async (t) => {
  for (const parse of ['stream', 'buffer', 'string'] as const) {
    const { url, server } = await start(t, (app) => {
      app.removeAllContentTypeParsers()
      if (parse === 'stream') app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
      else app.addContentTypeParser('*', { parseAs: parse as 'buffer' }, (_request, body, done) => done(null, body))
      on('a')(app)
    })
    await (await fetch(`${url}/own/x`, { method: 'POST', headers: json, body: spaced })).text()
    t.match(server.seen.at(-1), { body: Buffer.from(spaced).toString('latin1'), headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(spaced)) } }, parse)
    const form = new FormData()
    form.set('file', new Blob(['x']), 'a')
    await (await fetch(`${url}/own/x`, { method: 'POST', body: form })).text()
    t.match(server.seen.at(-1)!.body, /name="file"; filename="a"/, parse)
  }
})

t.test('one that a parser has made something of is written anew, where that can be done', async (t) => {
  const { url, server } = await start(t, on('a'), {}, async (app) => {
    await app.register(formbody)
    app.addContentTypeParser('application/x-own', (_request, payload, done) => {
      payload.resume()
      done(null, { own: true })
    })
  })
  const sent = async (body: string, type: string): Promise<string | number> => {
    const response = await fetch(`${url}/own/x`, { method: 'POST', headers: { 'content-type': type }, body })
    return response.status === 200 ? server.seen.at(-1)!.body : response.status
  }
  t.equal(await sent(spaced, 'application/json'), Buffer.from('{"model":"mine","x":[1,2],"é":"A"}').toString('latin1'))
  t.equal(await sent('[1, 2]', 'application/json; charset=utf-8'), '[1,2]')
  t.equal(await sent('a=1&b=%20&a=2', 'application/x-www-form-urlencoded'), 'a=1&a=2&b=+')
  t.equal(await sent('text', 'text/plain'), 'text')
  const lost = await fetch(`${url}/own/x`, { method: 'POST', headers: { 'content-type': 'application/x-own' }, body: 'x' })
  t.equal(lost.status, 500)
  t.match(await lost.json(), { code: 'FST_LS_BODY_PARSED', message: /"application\/x-own" was parsed/ })
})

t.test('by any name: alias, selector, peer; what the request names does not count', async (t) => {
  const peer = await echoServer(t, 'peer')
  const config: ConfigInput = { peers: { p: { proxy: peer.origin, models: ['remote'] } }, selectors: { s: { strategy: 'pin', targets: ['alias'] } } }
  for (const [model, name] of [['alias', 'echo'], ['s', 'echo'], ['remote', 'peer'], ['p/remote', 'peer']] as const) {
    const { url } = await start(t, on(model), config)
    t.match(await (await fetch(`${url}/own/x?model=other`, { method: 'POST', headers: json, body: '{"model":"other"}' })).json(), { name, body: '{"model":"other"}' }, model)
  }
})

t.test('errors are the host\'s, with code and status', async (t) => {
  const { url } = await start(t, (app) => {
    app.setErrorHandler((error, _request, reply) => { reply.code(418).send(`host: ${(error as Error & { code: string }).code}`) })
    on('nope')(app)
    app.get('/dots/*', (request, reply) => app.llamaSwap.handler('a').call(app, request, reply))
    app.get('/down', (request, reply) => app.llamaSwap.handler('down').call(app, request, reply))
    app.get('/broken', (request, reply) => app.llamaSwap.handler('broken').call(app, request, reply))
  }, { models: { a: modelAt('http://127.0.0.1:1'), down: modelAt('http://127.0.0.1:1'), broken: { cmd: upstreamCommand({ exitCode: 3 }) } } })
  for (const [path, code] of [['/own/x', 'FST_LS_MODEL_NOT_FOUND'], ['/dots/%5c', 'FST_LS_PATH_INVALID'], ['/down', 'FST_LS_UPSTREAM_UNREACHABLE'], ['/broken', 'FST_LS_START_FAILED']] as const) {
    const response = await fetch(url + path)
    t.equal(response.status, 418, path)
    t.equal(await response.text(), `host: ${code}`, path)
  }
  const { url: plain } = await start(t, on('nope'))
  t.match(await (await fetch(`${plain}/own/x`)).json(), { statusCode: 404, code: 'FST_LS_MODEL_NOT_FOUND' }, 'or Fastify\'s own')
})

t.test('waiting, streams and departures are as on the plugin\'s routes', async (t) => {
  const { app, url } = await start(t, (app) => {
    on('real', { path: '/v1/chat/completions' })(app)
    app.post('/soon', (request, reply) => app.llamaSwap.handler('other', { deadline: 20 }).call(app, request, reply))
  }, { models: { real: { cmd: upstreamCommand({ name: 'real', loadMs: 100 }) }, other: { cmd: upstreamCommand({ name: 'other' }) } } })
  const events: RequestEvent[] = []
  app.llamaSwap.on('request', (event) => events.push(event))
  const post = (body: object, signal?: AbortSignal): Promise<Response> => fetch(`${url}/own/x?y`, { method: 'POST', headers: json, body: JSON.stringify(body), signal: signal ?? null })
  const stream = await post({ stream: true })
  t.equal(stream.headers.get('x-accel-buffering'), 'no')
  t.match(await stream.text(), /real 0[^]*data: \[DONE\]\n\n$/)
  const client = new AbortController()
  await post({ stream: true, fault: { chunks: 1_000_000 } }, client.signal)
  t.equal((await fetch(`${url}/soon`, { method: 'POST', headers: json, body: '{}' })).status, 504)
  client.abort()
  await until(() => events.length === 3)
  t.match(events.map(({ model, path, outcome }) => `${model} ${path} ${outcome}`).sort(), ['other /soon failed', 'real /own/x cancelled', 'real /own/x completed'])
  await until(() => app.llamaSwap.status().models.every(({ leases }) => leases === 0))
})
