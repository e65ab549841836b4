// WebSockets of ours beside those of the host's: each its own.
import websocket from '@fastify/websocket'
import { connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import { startPort } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'
import { connectWebSocket } from './helper/websocket.ts'
import { startGateway } from './helper/websocket-gateway.ts'
import type { Gateway } from './helper/websocket-gateway.ts'

/** Routes of a host with `@fastify/websocket`: an echo at `/chat`, and one that is not a WebSocket. */
async function chatRoutes (app: FastifyInstance): Promise<void> {
  app.get('/chat', { websocket: true }, (socket) => socket.on('message', (message: Buffer) => socket.send(`echo ${String(message)}`)))
  app.get('/page', async () => 'a page')
}

async function bothWork (t: Test, gateway: Gateway, prefix = ''): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const ours = await gateway.open(`${prefix}/upstream/a/ws`, { 'x-user': 'me' }, { behind: frame('early') })
    t.equal(String((await ours.next()).data), 'hello from a')
    t.equal(String((await ours.next()).data), 'early')
    const theirs = await gateway.open('/chat', { 'x-user': 'me' }, { behind: frame('early') })
    t.equal(String((await theirs.next()).data), 'echo early')
    theirs.send('late')
    t.equal(String((await theirs.next()).data), 'echo late')
    ours.send(Buffer.from([3, 232]), { opcode: 8 })
    t.equal((await ours.next()).opcode, 8)
    await ours.end()
    theirs.send(Buffer.from([3, 232]), { opcode: 8 })
    await theirs.end()
  }
  const unknown = await gateway.shake(`${prefix}/upstream/none/ws`, { 'x-user': 'me' })
  t.equal(unknown.status, 404)
  t.match((await unknown.end()).rest, /no router for requested model/)
  const stranger = await gateway.shake(`${prefix}/upstream/a/ws`)
  t.equal(stranger.status, 401)
  t.match((await stranger.end()).rest, /Unauthorized/)
  t.equal(await (await fetch(`${gateway.url}/page`, { headers: { 'x-user': 'me' } })).text(), 'a page')
}

const frame = (word: string): Buffer => Buffer.concat([Buffer.from([0x81, 0x80 | word.length, 0, 0, 0, 0]), Buffer.from(word)])

function auth (app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers['x-user'] === undefined) return reply.code(401).send({ error: 'Unauthorized' })
  })
}

t.test('@fastify/websocket, registered before', async (t) => {
  const gateway = await startGateway(t, undefined, {
    async prepare (app) {
      auth(app)
      await app.register(websocket)
      await app.register(chatRoutes)
    }
  })
  await bothWork(t, gateway)
  const injected = await gateway.app.injectWS('/chat', { headers: { 'x-user': 'me' } })
  const echo = new Promise((resolve) => { injected.once('message', (message: Buffer) => resolve(String(message))) })
  injected.send('injected')
  t.equal(await echo, 'echo injected')
  injected.terminate()
})

t.test('@fastify/websocket, registered after', async (t) => {
  const gateway = await startGateway(t, undefined, {
    async prepare (app) {
      auth(app)
      // Ours is registered at once, theirs with the rest of the app.
      void app.register(async (scope) => {
        await scope.register(llamaSwap, { config: { startPort: startPort(), models: { a: { cmd: upstreamCommand({ name: 'a' }) } } }, upgrades: true, routes: { upstream: true }, prefix: '/first', instance: `first ${process.pid}` })
      }).register(websocket).register(chatRoutes)
    }
  })
  await bothWork(t, gateway, '/first')
  await bothWork(t, gateway)
})

t.test('@fastify/websocket in a scope of its own', async (t) => {
  const gateway = await startGateway(t, undefined, {
    async prepare (app) {
      auth(app)
      void app.register(async (scope) => {
        await scope.register(websocket)
        await chatRoutes(scope)
      })
    }
  })
  await bothWork(t, gateway)
})

t.test('@fastify/websocket, and ours without the option: no tunnel', async (t) => {
  const gateway = await startGateway(t, undefined, { upgrades: false, prepare: (app) => { void app.register(async (scope) => { await scope.register(websocket) }) } })
  const ws = await gateway.shake('/upstream/a/echo/x')
  t.equal(ws.status, 200)
})

t.test('a listener of the host\'s', async (t) => {
  const seen: string[] = []
  const gateway = await startGateway(t, undefined, {
    prepare: (app) => {
      app.server.on('upgrade', ({ url }, socket) => {
        seen.push(url!)
        if (url === '/theirs') socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      })
    }
  })
  const ours = await gateway.open()
  t.equal(String((await ours.next()).data), 'hello from a')
  const theirs = await gateway.open('/theirs')
  await theirs.end()
  t.strictSame(seen, ['/upstream/a/ws', '/theirs'])
  // One that comes late.
  gateway.app.server.removeAllListeners('upgrade')
  t.equal((await gateway.shake('/late')).status, 404)
})

t.test('a host with TLS', async (t) => {
  const certificate = selfSigned()
  const gateway = await startGateway(t, undefined, { fastify: { https: certificate } as never })
  const { port } = new URL(gateway.url)
  const ws = await connectWebSocket(`wss://localhost:${port}/upstream/a/ws`, {}, { ca: certificate.cert, behind: frame('early') })
  t.teardown(() => ws.socket.destroy())
  t.equal(ws.status, 101)
  t.equal(String((await ws.next()).data), 'hello from a')
  t.equal(String((await ws.next()).data), 'early')
  ws.send(Buffer.from([3, 232]), { opcode: 8 })
  t.equal((await ws.next()).opcode, 8)
  await ws.end()
  const refused = await connectWebSocket(`wss://localhost:${port}/upstream/none/ws`, {}, { ca: certificate.cert })
  t.equal(refused.status, 404)
  t.equal((await refused.end()).by, 'FIN')
})

t.test('a host with HTTP/2: WebSockets come by HTTP/1.1', async (t) => {
  const certificate = selfSigned()
  const gateway = await startGateway(t, undefined, { fastify: { http2: true, https: { allowHTTP1: true, ...certificate } } as never })
  const { port } = new URL(gateway.url)
  const ws = await connectWebSocket(`wss://localhost:${port}/upstream/a/ws`, {}, { ca: certificate.cert })
  t.teardown(() => ws.socket.destroy())
  t.equal(ws.status, 101)
  t.equal(String((await ws.next()).data), 'hello from a')
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.cert })
  const stream = session.request({ ':path': '/upstream/a/echo/x' })
  t.match(await text(stream), /"url":"\/echo\/x"/)
  session.close()
})
