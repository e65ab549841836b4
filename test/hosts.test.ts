// Our routes beside the plugins that hosts use most, and on the servers that Fastify can make.
import auth from '@fastify/auth'
import compress from '@fastify/compress'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { connect } from 'node:http2'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import { startApp, startPort, until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'

const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }
const streamed = { stream: true, fault: { chunks: 3 } }

/** That a plain answer and a stream come whole. */
async function works (t: Test, { chat }: TestApp, headers: Record<string, string> = {}): Promise<Response[]> {
  const init = { headers: { 'content-type': 'application/json', ...headers } }
  const plain = await chat('a', {}, init)
  t.equal(plain.status, 200)
  t.match(await plain.json(), { upstream: { name: 'a' } })
  const stream = await chat('a', streamed, init)
  t.match(await stream.text(), /"a 0 ".*"a 1 ".*"a 2 ".*data: \[DONE\]\n\n$/s)
  return [plain, stream]
}

t.test('@fastify/compress: plain answers are compressed, streams are left alone', async (t) => {
  const app = await startApp(t, { models }, { prepare: async (app) => { await app.register(compress, { threshold: 0 }) } })
  const [plain, stream] = await works(t, app, { 'accept-encoding': 'gzip' })
  t.equal(plain!.headers.get('content-encoding'), 'gzip')
  t.equal(stream!.headers.get('content-encoding'), null)
  t.match(await (await fetch(`${app.url}/v1/models`, { headers: { 'accept-encoding': 'gzip' } })).json(), { data: [{ id: 'a' }] })
})

t.test('@fastify/compress: what the server has compressed itself is not compressed again', async (t) => {
  const { chat } = await startApp(t, { models }, { prepare: async (app) => { await app.register(compress, { threshold: 0 }) } })
  const answer = await chat('a', { fault: { gzip: true } }, { headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' } })
  t.equal(answer.headers.get('content-encoding'), 'gzip')
  t.match(await answer.json(), { upstream: { name: 'a' } })
})

t.test('@fastify/rate-limit: its headers come with streams too, and its 429 is its own', async (t) => {
  const app = await startApp(t, { models }, { prepare: async (app) => { await app.register(rateLimit, { max: 2, timeWindow: '1 hour' }) } })
  for (const answer of await works(t, app)) t.equal(answer.headers.get('x-ratelimit-limit'), '2')
  const refused = await app.chat('a')
  t.equal(refused.status, 429)
  t.match(await refused.json(), { statusCode: 429 })
  t.ok(refused.headers.get('retry-after'))
})

t.test('@fastify/cors: once, whatever the server sends', async (t) => {
  const app = await startApp(t, { models }, { prepare: async (app) => { await app.register(cors, { origin: true }) } })
  const origin = 'https://page.example'
  for (const answer of await works(t, app, { origin })) t.equal(answer.headers.get('access-control-allow-origin'), origin)
  for (const cors of ['echo', 'empty']) {
    const answer = await app.chat('a', { fault: { cors } }, { headers: { 'content-type': 'application/json', origin } })
    t.equal(answer.headers.get('access-control-allow-origin'), origin, cors)
  }
  const unknown = await app.chat('nobody', {}, { headers: { 'content-type': 'application/json', origin } })
  t.equal(unknown.status, 404)
  t.equal(unknown.headers.get('access-control-allow-origin'), origin)
  const preflight = await fetch(`${app.url}/v1/chat/completions`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
  t.equal(preflight.status, 204)
})

t.test('@fastify/helmet: its headers are there, streams included', async (t) => {
  const app = await startApp(t, { models }, { prepare: async (app) => { await app.register(helmet) } })
  for (const answer of await works(t, app)) t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
})

t.test('@fastify/auth: guards a family', async (t) => {
  const app = await startApp(t, { models }, {
    prepare: async (app) => { await app.register(auth) },
    routes: {
      inference: {
        onRequest (request, reply, done) {
          const check = this.auth([async ({ headers }) => { if (headers['x-pass'] !== 'word') throw Object.assign(new Error('no pass'), { statusCode: 401 }) }])
          void (check as (this: FastifyInstance, ...values: unknown[]) => void).call(this, request, reply, done)
        }
      }
    }
  })
  const refused = await app.chat('a')
  t.equal(refused.status, 401)
  t.match(await refused.json(), { message: 'no pass' })
  await works(t, app, { 'x-pass': 'word' })
})

t.test('request ids: a header that the host sets reaches clients of streams, and the log lines have it', async (t) => {
  const lines: Array<{ reqId?: string, msg?: string }> = []
  const app = await startApp(t, { models: { ...models, bad: { cmd: upstreamCommand({ name: 'bad', exitCode: 3 }) } } }, {
    fastify: { requestIdHeader: 'x-request-id', logger: { level: 'warn', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } },
    prepare: (app) => { app.addHook('onRequest', async (request, reply) => { reply.header('x-request-id', request.id) }) }
  })
  for (const answer of await works(t, app, { 'x-request-id': 'mine' })) t.equal(answer.headers.get('x-request-id'), 'mine')
  await app.chat('bad', {}, { headers: { 'content-type': 'application/json', 'x-request-id': 'failing' } })
  t.ok(lines.some(({ reqId, msg }) => reqId === 'failing' && msg === 'llama-swap request failed'))
})

t.test('@fastify/swagger: every route with tags and a schema', async (t) => {
  const { default: swagger } = await import('@fastify/swagger')
  const { app } = await startApp(t, { models }, {
    prefix: '/llm', routes: { admin: true, compat: true, upstream: true }, prepare: async (app) => { await app.register(swagger, { openapi: {} }) }
  })
  const { table } = await import('../lib/routes/table.ts')
  const { paths = {} } = app.swagger() as unknown as { paths?: Record<string, Record<string, { tags: string[], summary: string, requestBody?: object }>> }
  for (const { method, path, family, model } of table) {
    const item = paths[`/llm${path.replace('*', '{*}')}`]
    for (const each of [method].flat()) {
      const operation = item?.[each.toLowerCase()]
      t.strictSame(operation?.tags, [`llama-swap ${family}`], `${each} ${path}`)
      t.ok(operation?.summary)
      t.equal(operation?.requestBody !== undefined, model === 'body')
    }
  }
})

t.test('a schema refuses nothing: bodies are the server\'s affair', async (t) => {
  const { app } = await startApp(t, { models })
  const answer = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { model: 'a', messages: 'not a list' } })
  t.equal(answer.statusCode, 200)
})

t.test('HTTPS', async (t) => {
  const { cert, key } = selfSigned()
  const { url } = await startApp(t, { models }, { fastify: { https: { cert, key } } as never })
  const answer = await new Promise<string>((resolve, reject) => {
    const post = request(`${url}/v1/chat/completions`, { method: 'POST', ca: cert, headers: { 'content-type': 'application/json' } }, (response) => { text(response).then(resolve, reject) })
    post.once('error', reject).end(JSON.stringify({ model: 'a', messages: [], ...streamed }))
  })
  t.match(answer, /data: \[DONE\]\n\n$/)
})

t.test('HTTP/2: plain, streamed, aborted, failing', async (t) => {
  const { cert, key } = selfSigned()
  const app = Fastify({ http2: true, https: { cert, key, allowHTTP1: true } })
  await app.register(llamaSwap, { config: { startPort: startPort(), models }, instance: `test ${process.pid} ${startPort()}` })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(app.listeningOrigin, { ca: cert })
  t.teardown(() => session.destroy())
  const post = (body: object) => {
    const stream = session.request({ ':method': 'POST', ':path': '/v1/chat/completions', 'content-type': 'application/json' })
    stream.end(JSON.stringify(body))
    const status = new Promise<number>((resolve) => stream.once('response', (headers) => resolve(headers[':status']!)))
    return { stream, status }
  }
  const plain = post({ model: 'a', messages: [] })
  t.equal(await plain.status, 200)
  t.match(JSON.parse(await text(plain.stream)), { upstream: { name: 'a' } })
  t.match(await text(post({ model: 'a', messages: [], ...streamed }).stream), /data: \[DONE\]\n\n$/)
  const unknown = post({ model: 'nobody' })
  t.equal(await unknown.status, 404)
  t.match(JSON.parse(await text(unknown.stream)), { error: { code: 'model_not_found' } })

  const aborted = post({ model: 'a', messages: [], stream: true, fault: { chunks: 1000, chunkMs: 20 } })
  aborted.stream.on('error', () => {})
  await aborted.status
  aborted.stream.close(0x8)
  await until(() => app.llamaSwap.status().models[0]!.leases === 0)

  const dying = post({ model: 'a', messages: [], stream: true, fault: { chunks: 9, die: 'rst', dieAfterChunks: 2 } })
  t.equal(await dying.status, 200)
  let seen = ''
  const code = await new Promise<number>((resolve) => {
    dying.stream.on('data', (chunk) => { seen += chunk }).on('error', () => {}).once('close', () => resolve(dying.stream.rstCode))
  })
  t.match(seen, /"code":"upstream_truncated"/)
  t.not(code, 0, 'the stream was reset, not ended')
})
