import Fastify from 'fastify'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import type { LlamaSwap } from '../index.ts'
import { startApp, startPort } from './helper/app.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }
const json = { 'content-type': 'application/json' }

t.test('the host keeps its own parsers', async (t) => {
  const { url } = await startApp(t, { models }, {
    prepare (app) {
      app.addContentTypeParser('application/x-own', { parseAs: 'string' }, (_request, body, done) => done(null, `own ${body as string}`))
      app.post('/echo', async (request) => ({ body: request.body }))
    }
  })
  const parsed = await fetch(`${url}/echo`, { method: 'POST', headers: json, body: '{"x":1}' })
  t.strictSame(await parsed.json(), { body: { x: 1 } })
  const own = await fetch(`${url}/echo`, { method: 'POST', headers: { 'content-type': 'application/x-own' }, body: 'y' })
  t.strictSame(await own.json(), { body: 'own y' })
  const unknown = await fetch(`${url}/echo`, { method: 'POST', headers: { 'content-type': 'application/x-other' }, body: 'y' })
  t.equal(unknown.status, 415)
})

t.test('the host has no reply.from, or keeps its own', async (t) => {
  const { app } = await startApp(t, { models })
  t.notOk(app.hasReplyDecorator('from'))
  const { url } = await startApp(t, { models }, {
    async prepare (app) {
      const { default: replyFrom } = await import('@fastify/reply-from')
      app.register(replyFrom, { base: 'http://127.0.0.1:1' })
      app.get('/own', (_request, reply) => { reply.from('/', { onError: (reply) => { reply.code(599).send('own') } }) })
    }
  })
  t.equal((await fetch(`${url}/own`)).status, 599)
  t.equal((await fetch(`${url}/v1/models`)).status, 200)
})

t.test('the host keeps /*, OPTIONS and its not-found handler', async (t) => {
  const { url } = await startApp(t, { models }, {
    prepare (app) {
      app.get('/*', async () => 'host')
      app.options('/*', async (_request, reply) => reply.code(204).header('x-host', '1').send())
      app.setNotFoundHandler((_request, reply) => { reply.code(404).send('host knows nothing') })
    }
  })
  t.equal(await (await fetch(`${url}/anything`)).text(), 'host')
  t.equal((await fetch(`${url}/v1/models`, { method: 'OPTIONS' })).headers.get('x-host'), '1')
  t.equal(await (await fetch(`${url}/nowhere`, { method: 'POST' })).text(), 'host knows nothing')
})

t.test('the host keeps its error handler, also for errors of its hooks on our routes', async (t) => {
  const { url } = await startApp(t, { models }, {
    prepare (app) {
      app.setErrorHandler((error, _request, reply) => { reply.code(418).send(`host: ${(error as Error).message}`) })
      app.addHook('preHandler', async (request) => { if (request.headers['x-refuse'] !== undefined) throw new Error('refused') })
      app.get('/fails', async () => { throw new Error('own') })
    }
  })
  t.equal(await (await fetch(`${url}/fails`)).text(), 'host: own')
  t.equal(await (await fetch(`${url}/v1/models`, { headers: { 'x-refuse': '1' } })).text(), 'host: refused')
  const ours = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body: '{"model":"x"}' })
  t.equal(ours.status, 404)
  t.match(await ours.json(), { error: { code: 'model_not_found' } })
})

t.test('the host\'s hooks guard our routes, whether added before or after', async (t) => {
  const { url } = await startApp(t, { models }, {
    prepare (app) {
      app.addHook('onRequest', async (request, reply) => { if (request.headers.authorization !== 'Bearer key') return reply.code(401).send({ error: 'key' }) })
    }
  })
  for (const path of ['/v1/models', '/upstream/a/v1/models']) t.equal((await fetch(url + path)).status, 401, path)
  t.equal((await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer key' } })).status, 200)
  const refused = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body: '{"model":"a"}' })
  t.equal(refused.status, 401)
})

t.test('with a prefix all routes are below it, and /health is one of them', async (t) => {
  const { url, chat } = await startApp(t, { models }, { prefix: '/llm', routes: { upstream: true } })
  t.match(await (await chat('a')).json(), { upstream: { name: 'a' } })
  t.equal((await fetch(`${url}/v1/models`)).status, 404)
  t.equal(await (await fetch(`${url}/llm/health`)).text(), 'OK')
  t.match(await (await fetch(`${url}/llm/upstream/a/echo/x?y=1`)).json(), { url: '/echo/x?y=1' })
  const redirect = await fetch(`${url}/llm/upstream/a?y=1`, { redirect: 'manual' })
  t.equal(redirect.status, 301)
  t.equal(redirect.headers.get('location'), '/llm/upstream/a/?y=1')
})

t.test('a host that does not mind several slashes, nor letters in another case', async (t) => {
  const { url } = await startApp(t, { models }, { prefix: '/llm', routes: { upstream: true }, fastify: { routerOptions: { ignoreDuplicateSlashes: true, caseSensitive: false } } })
  const init = { method: 'POST', headers: json, body: '{"model":"a","messages":[]}' }
  for (const path of ['//llm/v1/chat/completions', '/llm//v1/chat/completions', '/LLM/V1//chat/completions']) t.match(await (await fetch(url + path, init)).json(), { upstream: { name: 'a' } }, path)
  for (const path of ['//llm//upstream//a/echo/x//y?z', '/llm/upstream/a/echo/x//y?z', '/LLM/Upstream/a/echo/x//y?z']) t.match(await (await fetch(url + path)).json(), { url: '/echo/x//y?z' }, path)
  const redirect = await fetch(`${url}//llm//upstream/a`, { redirect: 'manual' })
  t.equal(redirect.headers.get('location'), '/llm//upstream/a/')
})

t.test('a prefix with parameters', async (t) => {
  const { url } = await startApp(t, { models }, { prefix: '/:tenant/llm', routes: { upstream: true } })
  for (const tenant of ['one', 'a%2Fb', 'upstream']) t.match(await (await fetch(`${url}/${tenant}/llm/upstream/a/echo/x?y`)).json(), { url: '/echo/x?y' }, tenant)
})

t.test('without a prefix /health is the host\'s', async (t) => {
  const { url } = await startApp(t, { models })
  t.equal((await fetch(`${url}/health`)).status, 404)
})

t.test('two registrations in two scopes', async (t) => {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  for (const name of ['one', 'two']) {
    await app.register(async (scope) => {
      await scope.register(llamaSwap, { config: { startPort: startPort(), models: { [name]: { cmd: upstreamCommand({ name }) } } } })
    }, { prefix: `/${name}` })
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  for (const name of ['one', 'two']) {
    const response = await fetch(`${app.listeningOrigin}/${name}/v1/chat/completions`, { method: 'POST', headers: json, body: JSON.stringify({ model: name, messages: [] }) })
    t.match(await response.json(), { upstream: { name } })
  }
})

t.test('two registrations at one level, each with its decorator', async (t) => {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(llamaSwap, { config: { startPort: startPort(), models }, prefix: '/chat' })
  await app.register(llamaSwap, { config: { startPort: startPort(), models: { b: { cmd: upstreamCommand({ name: 'b' }) } } }, prefix: '/other', decorator: 'otherSwap' })
  await app.ready()
  const { otherSwap } = app as unknown as { otherSwap: LlamaSwap }
  t.strictSame(app.llamaSwap.status().models.map(({ model }) => model), ['a'])
  t.strictSame(otherSwap.status().models.map(({ model }) => model), ['b'])
  const response = await app.inject({ method: 'POST', url: '/other/v1/chat/completions', payload: { model: 'b', messages: [] } })
  t.match(response.json(), { upstream: { name: 'b' } })
  const twice = Fastify().register(llamaSwap, { config: {} }).register(llamaSwap, { config: {} })
  await t.rejects(Promise.resolve(twice.ready()), { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})

t.test('wrong options and a wrong config fail the registration', async (t) => {
  const register = (options: object): Promise<unknown> => Promise.resolve(Fastify().register(llamaSwap, options as never))
  await t.rejects(register({ config: {}, prefx: '/x' }), { code: 'FST_LS_OPTIONS', message: /unknown option "prefx"/ })
  await t.rejects(register({}), { code: 'FST_LS_OPTIONS', message: /"config"/ })
  await t.rejects(register({ config: { models: { a: {} } } }), { code: 'FST_LS_CONFIG', message: /models\.a\.cmd: is missing/ })
  await t.rejects(register({ config: '/no/such/file.yaml' }), { code: 'FST_LS_CONFIG', message: /there is no such file/ })
})

t.test('credentials of the client stay here, unless wanted', async (t) => {
  const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret', cookie: 'session=secret', 'x-forwarded-for': '10.1.1.1' }
  const { url } = await startApp(t, { models }, { routes: { upstream: true } })
  const seen = await (await fetch(`${url}/upstream/a/echo/x`, { headers })).json() as { headers: Record<string, string> }
  t.notMatch(JSON.stringify(seen), /secret/)
  t.equal(seen.headers['host'], new URL(url).host, 'the Host of the client')
  t.equal(seen.headers['x-forwarded-for'], '10.1.1.1, 127.0.0.1')
  const trusting = await startApp(t, { models }, { routes: { upstream: true }, forwardAuthorization: true })
  const forwarded = await (await fetch(`${trusting.url}/upstream/a/echo/x`, { headers })).json() as { headers: Record<string, string> }
  t.match(forwarded.headers, { authorization: 'Bearer secret', 'x-api-key': 'secret', cookie: 'session=secret' })
})
