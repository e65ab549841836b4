import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }), aliases: ['alias'] }, b: { cmd: upstreamCommand({ name: 'b' }) } }

interface Echo { method: string, url: string, headers: Record<string, string>, bodyBase64: string, upstream: { name: string } }
const bodyOf = ({ bodyBase64 }: Echo): string => Buffer.from(bodyBase64, 'base64').toString()

const withRoutes = (t: Test, complete: (app: FastifyInstance) => void, prepare?: (app: FastifyInstance) => Promise<void>): Promise<TestApp> => (
  startApp(t, { models }, { complete, ...(prepare !== undefined && { prepare }) })
)

t.test('a route of the host\'s own proxies to one model, whatever the request names', async (t) => {
  const { url } = await withRoutes(t, (app) => { app.post('/ask', app.llamaSwap.handler('a', { path: '/v1/chat/completions' })) })
  const answer = await fetch(`${url}/ask`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"b","messages":[]}' })
  t.equal(answer.status, 200)
  t.match(await answer.json(), { upstream: { name: 'a' } })
})

t.test('without a path the request\'s own is sent; the query always is', async (t) => {
  const { url } = await withRoutes(t, (app) => {
    app.post('/echo/own', app.llamaSwap.handler('a'))
    app.post('/other', app.llamaSwap.handler('a', { path: '/echo/set' }))
  })
  const sent = async (path: string) => (await (await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).json() as Echo).url
  t.equal(await sent('/echo/own?x=1'), '/echo/own?x=1')
  t.equal(await sent('/other?x=1'), '/echo/set?x=1')
  t.equal(await sent('/other'), '/echo/set')
})

t.test('a body: parsed JSON is written again, a Buffer, a text and a stream go on untouched', async (t) => {
  const { url } = await withRoutes(t, (app) => {
    app.register(async (scope) => {
      scope.addContentTypeParser('application/x-buffer', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
      scope.addContentTypeParser('application/x-stream', (_request, payload, done) => done(null, payload))
      scope.post('/echo/body', app.llamaSwap.handler('a'))
    })
  }, async (app) => { await app.register(formbody) })
  const send = async (type: string, body: string) => await (await fetch(`${url}/echo/body`, { method: 'POST', headers: { 'content-type': type }, body })).json() as Echo
  t.equal(bodyOf(await send('application/json', '{ "a" : 1.0 }')), '{"a":1}')
  t.equal(bodyOf(await send('application/x-buffer', '{ "a" : 1.0 }')), '{ "a" : 1.0 }')
  t.equal(bodyOf(await send('application/x-stream', '{ "a" : 1.0 }')), '{ "a" : 1.0 }')
  t.equal(bodyOf(await send('text/plain', 'é')), 'é')
  const form = await send('application/x-www-form-urlencoded', 'a=1&b=%C3%A9&a=2')
  t.equal(bodyOf(form), 'a=1&a=2&b=%C3%A9')
  t.match(form.headers, { 'content-type': 'application/x-www-form-urlencoded' })
})

t.test('a body that was parsed into something else: an error that says what to do', async (t) => {
  const { url } = await withRoutes(t, (app) => {
    app.addContentTypeParser('application/x-own', { parseAs: 'string' }, (_request, body, done) => done(null, { body }))
    app.post('/echo/body', app.llamaSwap.handler('a'))
  })
  const answer = await fetch(`${url}/echo/body`, { method: 'POST', headers: { 'content-type': 'application/x-own' }, body: 'x' })
  t.equal(answer.status, 500)
  t.match(await answer.json(), { code: 'FST_LS_BODY_PARSED', message: /leaves it as a stream or Buffer/ })
})

t.test('errors go to the host\'s error handler, with their status and Retry-After', async (t) => {
  const { url, app } = await withRoutes(t, (app) => {
    app.setErrorHandler((error, _request, reply) => { reply.code((error as { statusCode: number }).statusCode).send(`host: ${(error as { code: string }).code}`) })
    app.get('/unknown', app.llamaSwap.handler('nobody'))
    app.get('/known', app.llamaSwap.handler('a'))
  })
  const unknown = await fetch(`${url}/unknown`)
  t.equal(unknown.status, 404)
  t.equal(await unknown.text(), 'host: FST_LS_MODEL_NOT_FOUND')
  void app.llamaSwap.drain()
  const closing = await fetch(`${url}/known`)
  t.equal(closing.status, 503)
  t.equal(closing.headers.get('retry-after'), '1')
})

t.test('a client that leaves cancels it', async (t) => {
  const { url, app } = await withRoutes(t, (app) => { app.post('/ask', app.llamaSwap.handler('alias', { path: '/v1/chat/completions' })) })
  const controller = new AbortController()
  const answer = await fetch(`${url}/ask`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"stream":true,"fault":{"chunks":1000,"chunkMs":10}}', signal: controller.signal
  })
  t.equal(answer.status, 200)
  t.equal(app.llamaSwap.status().models[0]!.leases, 1)
  controller.abort()
  await until(() => app.llamaSwap.status().models[0]!.leases === 0)
})
