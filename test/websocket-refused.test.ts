import { createServer } from 'node:http'
import { connect } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { RequestEvent } from '../index.ts'
import { selfSigned } from './helper/certificate.ts'
import { until } from './helper/app.ts'
import type { RawWebSocket } from './helper/websocket.ts'
import { ACCEPT, gatewayTo, scripted, startGateway } from './helper/websocket-gateway.ts'

/** That it was refused by an HTTP answer with a body, after which the connection ends. */
async function refused (t: Test, ws: RawWebSocket, status: number, body: RegExp): Promise<void> {
  t.equal(ws.status, status)
  t.match(ws.headers, { connection: 'close' })
  const { by, rest } = await ws.end()
  t.equal(by, 'FIN', `${status}: the connection ends`)
  t.match(rest, body)
}

t.test('by the host\'s hooks, the family\'s, and admit, before anything is started', async (t) => {
  const order: string[] = []
  const gateway = await startGateway(t, undefined, {
    routes: {
      upstream: {
        async onRequest (request, reply) {
          order.push('family')
          if (request.headers['x-stop'] === 'family') return reply.code(402).send({ error: 'pay first' })
        }
      }
    },
    prepare: (app) => {
      app.addHook('onRequest', async (request, reply) => {
        order.push('host')
        // As those that ask a database.
        await new Promise((resolve) => setImmediate(resolve))
        if (request.headers['x-stop'] === 'host') return reply.code(401).send({ error: 'who are you' })
      })
    },
    admit: async ({ headers }, { model }) => {
      order.push(`admit ${model}`)
      if (headers['x-stop'] === 'throw') throw Object.assign(new Error('no database'), { statusCode: 500 })
      return headers['x-stop'] !== 'admit'
    }
  })
  const path = '/upstream/a/v1/models'
  await refused(t, await gateway.shake('/upstream/a/v1/embeddings', { 'x-stop': 'host' }), 401, /who are you/)
  await refused(t, await gateway.shake('/upstream/a/v1/embeddings', { 'x-stop': 'family' }), 402, /pay first/)
  t.strictSame(order, ['host', 'host', 'family'])
  await refused(t, await gateway.shake('/upstream/a/props', { 'x-stop': 'admit' }), 403, /not open to this request/)
  await refused(t, await gateway.shake('/upstream/a/props', { 'x-stop': 'throw' }), 500, /no database/)
  t.strictSame(order.slice(3), ['host', 'family', 'admit a', 'host', 'family', 'admit a'])
  await refused(t, await gateway.shake(path), 404, /not one of the inference routes/)
  t.strictSame(gateway.states, [])
})

t.test('without a key of the config', async (t) => {
  const gateway = await startGateway(t, { apiKeys: ['key'], models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  const ws = await gateway.shake('/upstream/a/ws')
  t.match(ws.headers, { 'www-authenticate': /^Basic/ })
  await refused(t, ws, 401, /unauthorized/)
  await gateway.open('/upstream/a/ws', { authorization: 'Bearer key' })
})

t.test('for want of a model, of a path, of a page that would start it', async (t) => {
  const gateway = await startGateway(t, { models: { comfyui_auto: { cmd: upstreamCommand({ name: 'comfyui' }) }, bad: { cmd: 'false ${PORT}' } }, upstream: { ignorePaths: ['\\.js$'] } } as never)
  await refused(t, await gateway.shake('/upstream/none/ws'), 404, /no router for requested model/)
  await refused(t, await gateway.shake('/upstream/bad/a%5cb'), 400, /malformed/)
  await refused(t, await gateway.shake('/upstream/bad/x.js'), 409, /path matches upstream.ignorePaths/)
  await refused(t, await gateway.shake('/comfyui/ws'), 409, /only \/comfyui\/ can start it/)
  await refused(t, await gateway.shake('/comfyui/'), 409, /ignored websocket requests cannot start it/)
  t.strictSame(gateway.states, [])
  await refused(t, await gateway.shake('/upstream/bad/ws'), 502, /could not be started/)
  const bare = await gateway.shake('/upstream/bad')
  t.match(bare.headers, { location: '/upstream/bad/', connection: 'close' })
  t.equal(bare.status, 301)
  await bare.end()
})

t.test('by the server, in its own words', async (t) => {
  const events: RequestEvent[] = []
  const gateway = await startGateway(t)
  gateway.app.llamaSwap.on('request', (event) => events.push(event))
  await refused(t, await gateway.shake('/upstream/a/ws?refuse=403'), 403, /a refuses on demand/)
  const version = await gateway.shake('/upstream/a/ws', { 'sec-websocket-version': '8' })
  t.match(version.headers, { 'sec-websocket-version': '13' })
  await refused(t, version, 426, /should be 13/)
  await until(() => events.length === 2)
  t.match(events, [{ status: 403, outcome: 'completed' }, { status: 426, outcome: 'completed' }])
  t.equal(gateway.app.llamaSwap.status().models[0]!.leases, 0)
})

t.test('by a server that knows no WebSockets', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', ignoreUpgrades: true }) } } })
  await refused(t, await gateway.shake('/upstream/a/echo/x', {}, { behind: Buffer.from('GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n') }), 200, /"url":"\/echo\/x"/)
})

t.test('when the server cannot be reached, breaks off, or speaks of something else', async (t) => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  const unreachable = await gatewayTo(t, `http://127.0.0.1:${port}`)
  await refused(t, await unreachable.shake('/upstream/a/ws'), 502, /does not accept connections/)
  for (const answer of [(): string => '', () => ACCEPT.replace('websocket', 'h2c'), () => ACCEPT.replace('Upgrade: websocket\r\n', '')]) {
    const gateway = await gatewayTo(t, await scripted(t, (socket) => socket.end(answer())))
    await refused(t, await gateway.shake('/upstream/a/ws'), 502, /upstream_failed/)
  }
})

t.test('when the server\'s certificate is not to be trusted', async (t) => {
  const server = createTlsServer(selfSigned(), (socket) => socket.on('error', () => {}).end(ACCEPT)).on('tlsClientError', () => {}).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const gateway = await gatewayTo(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await refused(t, await gateway.shake('/upstream/a/ws'), 502, /upstream_untrusted/)
})

t.test('when the server takes longer than its timeouts allow', async (t) => {
  const origin = await scripted(t, () => {})
  const gateway = await startGateway(t, { models: { a: { cmd: 'sleep 600', proxy: origin, checkEndpoint: 'none', timeouts: { responseHeader: 1 } } } })
  await refused(t, await gateway.shake('/upstream/a/ws'), 504, /did not answer in time/)
})

t.test('when the queue is full, and once it drains', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), concurrencyLimit: 1 } } })
  const first = await gateway.open()
  const second = await gateway.shake('/upstream/a/ws')
  t.match(second.headers, { 'retry-after': /^\d+$/ })
  await refused(t, second, 429, /too many requests/)
  const drained = gateway.app.llamaSwap.drain()
  await refused(t, await gateway.shake('/upstream/a/ws'), 503, /shutting down/)
  t.equal(await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))]), 'waits', 'an open WebSocket is waited for')
  first.send(Buffer.from([3, 232]), { opcode: 8 })
  await drained
})

t.test('without "Connection: Upgrade" it is a plain request', async (t) => {
  const gateway = await startGateway(t)
  for (const connection of [undefined, 'keep-alive']) {
    const ws = await gateway.shake('/upstream/a/echo/x', { connection })
    t.equal(ws.status, 200)
    t.match(ws.headers, { connection: 'keep-alive' })
    ws.socket.end()
    const { rest } = await ws.end()
    t.match(rest, /"method":"GET"/)
    t.notMatch(rest, /"upgrade"/)
  }
})

t.test('through HTTP/1.0 it is a plain request, and without "Host" a bad one', async (t) => {
  const gateway = await startGateway(t)
  const ask = (head: string): Promise<string> => new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('data', (data) => { text += String(data) }).once('close', () => resolve(text))
    socket.write(`GET /upstream/a/echo/x ${head}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  })
  t.match(await ask('HTTP/1.0'), /^HTTP\/1\.1 200 /)
  t.match(await ask('HTTP/1.1'), /^HTTP\/1\.1 400 /)
})
