import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { request } from 'node:http'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import llamaSwap from '../index.ts'
import type { ConfigInput, LlamaSwapOptions } from '../index.ts'
import { startApp, startPort } from './helper/app.ts'
import { echoServer, modelAt } from './helper/echo-server.ts'
import { connectWebSocket } from './helper/websocket.ts'

const KEY = 'sk-one'
const keys = [KEY, 'sk:two', 'ключ']
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

/** The headers as they are given, which fetch would mend. */
function get (url: string, headers: Record<string, string | string[]>, auth?: string): Promise<{ status: number, body: string, challenge: string | undefined }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false, ...(auth !== undefined && { auth }) }, async (response) => {
      resolve({ status: response.statusCode!, body: await text(response), challenge: response.headers['www-authenticate'] })
    }).once('error', reject).end()
  })
}

const passes: Array<[what: string, headers: Record<string, string | string[]>]> = [
  ['Bearer', { authorization: `Bearer ${KEY}` }],
  ['bearer', { authorization: `bearer ${KEY}` }],
  ['BEARER', { authorization: `BEARER ${KEY}` }],
  ['Bearer with a space at the end', { authorization: `Bearer ${KEY} ` }],
  ['Bearer with two spaces', { authorization: `Bearer  ${KEY}` }],
  ['any of the keys', { authorization: 'Bearer sk:two' }],
  ['Basic, the key as password', { authorization: basic(`somebody:${KEY}`) }],
  ['basic', { authorization: basic(`somebody:${KEY}`).replace('Basic', 'basic') }],
  ['Basic without a user', { authorization: basic(`:${KEY}`) }],
  ['Basic, a password with a colon', { authorization: basic('u:sk:two') }],
  ['Basic, a password beyond ASCII', { authorization: basic('u:ключ') }],
  ['x-api-key', { 'x-api-key': KEY }],
  ['X-API-KEY', { 'X-API-KEY': KEY }],
  ['x-api-key beside a scheme that we do not know', { authorization: 'Digest x', 'x-api-key': KEY }],
  ['x-api-key beside an empty Bearer', { authorization: 'Bearer ', 'x-api-key': KEY }],
  ['x-api-key beside Bearer alone', { authorization: 'Bearer', 'x-api-key': KEY }],
  ['x-api-key beside an empty password', { authorization: basic('u:'), 'x-api-key': KEY }],
  ['x-api-key beside a Basic that is no pair', { authorization: basic('u'), 'x-api-key': KEY }],
  ['Bearer before x-api-key', { authorization: `Bearer ${KEY}`, 'x-api-key': 'nope' }],
  ['Basic before x-api-key', { authorization: basic(`u:${KEY}`), 'x-api-key': 'nope' }]
]

const fails: Array<[what: string, headers: Record<string, string | string[]>]> = [
  ['nothing', {}],
  ['an empty Authorization', { authorization: '' }],
  ['an empty x-api-key', { 'x-api-key': '' }],
  ['an empty Bearer', { authorization: 'Bearer ' }],
  ['an empty password', { authorization: basic('u:') }],
  ['an empty pair', { authorization: basic(':') }],
  ['an empty Basic', { authorization: 'Basic ' }],
  ['a wrong key', { authorization: 'Bearer nope' }],
  ['a wrong key before a right x-api-key', { authorization: 'Bearer nope', 'x-api-key': KEY }],
  ['a wrong password before a right x-api-key', { authorization: basic('u:nope'), 'x-api-key': KEY }],
  ['the start of a key', { authorization: `Bearer ${KEY.slice(0, -1)}` }],
  ['a key and more', { authorization: `Bearer ${KEY}x` }],
  ['a key in other letters', { authorization: `Bearer ${KEY.toUpperCase()}` }],
  ['a key without a scheme', { authorization: KEY }],
  ['the key as user', { authorization: basic(`${KEY}:`) }],
  ['the key as user, with another password', { authorization: basic(`${KEY}:x`) }],
  ['a pair in plain text', { authorization: `Basic u:${KEY}` }],
  ['another scheme', { authorization: `Token ${KEY}` }],
  ['two keys in one', { authorization: `Bearer ${KEY},sk:two` }],
  ['two x-api-keys', { 'x-api-key': [KEY, 'nope'] }],
  ['a cookie', { cookie: `key=${KEY}` }],
  ['undefined', { authorization: 'Bearer undefined' }],
  ['[object Object]', { 'x-api-key': '[object Object]' }],
  ['a long one', { 'x-api-key': 'x'.repeat(8000) }]
]

t.test('what a client may send', async (t) => {
  const { url } = await startApp(t, { apiKeys: keys })
  for (const [what, headers] of passes) t.equal((await get(`${url}/v1/models`, headers)).status, 200, what)
  for (const [what, headers] of fails) {
    const { status, body, challenge } = await get(`${url}/v1/models`, headers)
    t.equal(status, 401, what)
    t.equal(challenge, 'Basic realm="llama-swap"', what)
    t.strictSame(JSON.parse(body), { src: 'llama-swap', error: { message: 'unauthorized: invalid or missing API key', type: 'authentication_error', param: null, code: 'unauthorized' } }, what)
  }
})

t.test('user info in the URL, as browsers and curl send it', async (t) => {
  const { url } = await startApp(t, { apiKeys: keys })
  t.equal((await get(`${url}/v1/models`, {}, `anybody:${KEY}`)).status, 200)
  t.equal((await get(`${url}/v1/models`, {}, `:${KEY}`)).status, 200)
  t.equal((await get(`${url}/v1/models`, {}, `${KEY}:`)).status, 401)
})

t.test('a key in the query, or in the body, is none', async (t) => {
  const { url } = await startApp(t, { apiKeys: keys })
  t.equal((await get(`${url}/v1/models?api_key=${KEY}&key=${KEY}`, {})).status, 401)
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'a', api_key: KEY }) })
  t.equal(response.status, 401)
})

t.test('the answer has the form that the client accepts, and that of its protocol', async (t) => {
  const { url } = await startApp(t, { apiKeys: keys })
  t.match(await get(`${url}/v1/models`, { accept: 'text/plain' }), { status: 401, body: 'llama-swap: unauthorized: invalid or missing API key' })
  t.match(await get(`${url}/v1/models`, { accept: 'text/html' }), { status: 401, body: /^<html><body><h1>llama-swap<\/h1><p>unauthorized/ })
  const anthropic = await fetch(`${url}/v1/messages`, { method: 'POST', body: '{}' })
  t.strictSame(await anthropic.json(), { type: 'error', error: { type: 'authentication_error', message: 'unauthorized: invalid or missing API key' } })
})

t.test('without keys none is asked for', async (t) => {
  for (const config of [{}, { apiKeys: [] }] as ConfigInput[]) {
    const { url } = await startApp(t, config)
    t.equal((await get(`${url}/v1/models`, {})).status, 200)
    t.equal((await get(`${url}/v1/models`, { authorization: 'Bearer whatever' })).status, 200)
  }
})

t.test('keys follow a reload, for requests that come after it', async (t) => {
  const server = await echoServer(t)
  const config = (apiKeys: string[]): ConfigInput => ({ models: { a: modelAt(server.origin) }, apiKeys })
  const { app, url } = await startApp(t, config(['old']))
  const status = async (key: string): Promise<number> => (await get(`${url}/v1/models`, { 'x-api-key': key })).status
  t.strictSame([await status('old'), await status('new')], [200, 401])
  let finish = (): void => {}
  server.answer = (response) => { finish = () => response.end('late') }
  const running = fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': 'old' }, body: '{"model":"a"}' })
  while (server.seen.length === 0) await new Promise(setImmediate)
  await app.llamaSwap.reload(config(['new']))
  t.strictSame([await status('old'), await status('new')], [401, 200])
  finish()
  t.equal(await (await running).text(), 'late', 'who was let in stays in')
  await app.llamaSwap.reload(config([]))
  t.strictSame([await status('old'), await status('')], [200, 200])
  await app.llamaSwap.reload(config(['old', 'new']))
  t.strictSame([await status('old'), await status('new'), await status('x')], [200, 200, 401])
  await t.rejects(app.llamaSwap.reload(config([''])))
  t.strictSame([await status('old'), await status('')], [200, 401], 'a reload that fails changes nothing')
})

t.test('the host\'s own hooks come first, ours next, then those of the family', async (t) => {
  const seen: string[] = []
  const { url } = await startApp(t, { apiKeys: keys }, {
    prepare (app) {
      app.addHook('onRequest', async (request, reply) => {
        seen.push('host')
        if (request.headers['x-user'] === undefined) return reply.code(403).send('who are you?')
      })
    },
    routes: { inference: { onRequest: async () => { seen.push('family') } } }
  })
  t.match(await get(`${url}/v1/models`, { 'x-api-key': KEY }), { status: 403, body: 'who are you?' })
  t.equal((await get(`${url}/v1/models`, { 'x-user': 'me' })).status, 401)
  t.strictSame(seen.splice(0), ['host', 'host'])
  t.equal((await get(`${url}/v1/models`, { 'x-user': 'me', 'x-api-key': KEY })).status, 200)
  t.strictSame(seen, ['host', 'family'])
})

t.test('the host\'s routes ask for none', async (t) => {
  const { app, url } = await startApp(t, { apiKeys: keys, models: { a: modelAt('http://127.0.0.1:1') } }, { prefix: '/llm', prepare: (app) => { app.get('/own', async () => 'host') } })
  t.equal((await get(`${url}/own`, {})).status, 200)
  t.equal((await get(`${url}/llm/v1/models`, {})).status, 401)
  t.equal((await get(`${url}/llm/health`, {})).status, 200)
  t.equal((await get(`${url}/llm/nowhere`, {})).status, 404)
  t.equal((await app.inject('/llm/v1/models')).statusCode, 401)
})

t.test('a WebSocket asks as any other request', async (t) => {
  const { url } = await startApp(t, { apiKeys: keys, models: { a: modelAt('http://127.0.0.1:1') } }, { routes: { upstream: true }, upgrades: true })
  const socket = await connectWebSocket(`${url}/upstream/a/ws`)
  t.match(socket, { status: 401, headers: { 'www-authenticate': 'Basic realm="llama-swap"' } })
  await socket.end()
})

t.test('keys are sent on only where credentials are, and are in no log', async (t) => {
  const server = await echoServer(t)
  for (const forwardAuthorization of [false, true]) {
    const lines: string[] = []
    const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => { lines.push(chunk.toString()); done() } })
    const { app, url } = await listen(t, Fastify({ forceCloseConnections: true, logger: { level: 'trace', stream } }), {
      config: { startPort: startPort(), apiKeys: [KEY], models: { a: modelAt(server.origin), down: { cmd: '/no/such/program ${PORT}' } } }, forwardAuthorization
    })
    for (const model of ['a', 'down', 'nope']) {
      for (const headers of [{ authorization: `Bearer ${KEY}` }, { authorization: basic(`u:${KEY}`) }, { 'x-api-key': KEY }, { authorization: 'Bearer sk-wrong' }] as Array<Record<string, string>>) {
        await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ model }) })).text()
      }
    }
    const sent = server.seen.splice(0).map(({ headers }) => headers.authorization ?? headers['x-api-key'])
    t.strictSame(sent, forwardAuthorization ? [`Bearer ${KEY}`, basic(`u:${KEY}`), KEY] : [undefined, undefined, undefined])
    await app.close()
    t.ok(lines.length > 12)
    for (const secret of [KEY, 'sk-wrong', Buffer.from(`u:${KEY}`).toString('base64')]) t.notOk(lines.some((line) => line.includes(secret)), secret)
  }
})

async function listen (t: Test, app: FastifyInstance, options: LlamaSwapOptions): Promise<{ app: FastifyInstance, url: string }> {
  t.teardown(() => app.close())
  await app.register(llamaSwap, { instance: `keys ${process.pid} ${startPort()}`, ...options })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, url: app.listeningOrigin }
}
