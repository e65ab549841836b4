import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import t from 'tap'
import { WebSocket } from 'undici'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import llamaSwap from '../index.ts'
import type { RequestEvent } from '../index.ts'
import { startPort, until } from './helper/app.ts'
import { encode } from './helper/websocket.ts'
import { ACCEPT, endOf, gatewayTo, handshake, scripted, startGateway } from './helper/websocket-gateway.ts'

// llama-swap: WebsocketStartsModelWhenCompatDisabled
t.test('starts a cold model, waits for it, and carries messages both ways', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 300 }), compat: { ignoreWebsockets: false } } } })
  const ws = new WebSocket(`${gateway.url.replace('http', 'ws')}/upstream/a/any/path?x=1`, ['one', 'two'])
  ws.binaryType = 'arraybuffer'
  const messages: unknown[] = []
  const closed = new Promise<object>((resolve) => ws.addEventListener('close', ({ code, wasClean, reason }) => resolve({ code, wasClean, reason })))
  ws.addEventListener('message', ({ data }) => messages.push(data))
  const next = async (): Promise<unknown> => {
    await until(() => messages.length > 0)
    return messages.shift()
  }
  t.equal(await next(), 'hello from a')
  t.equal(ws.protocol, 'one')
  ws.send('grün')
  t.equal(await next(), 'grün')
  ws.send(new Uint8Array([0, 255, 1]))
  t.strictSame(new Uint8Array(await next() as ArrayBuffer), new Uint8Array([0, 255, 1]))
  ws.close(4001, 'bye')
  t.strictSame(await closed, { code: 4001, wasClean: true, reason: 'bye' })
  t.strictSame(gateway.states, ['a stopped>starting', 'a starting>ready'])
})

t.test('is a request like any other: headers, hooks, event', async (t) => {
  const events: RequestEvent[] = []
  const seen: string[] = []
  const gateway = await startGateway(t, undefined, {
    prepare (app) {
      app.addHook('onRequest', async (request, reply) => {
        seen.push('onRequest')
        reply.header('x-request-id', request.id)
      })
      app.addHook('onResponse', async (_request, reply) => { seen.push(`onResponse ${reply.statusCode}`) })
    }
  })
  gateway.app.llamaSwap.on('request', (event) => events.push(event))
  const ws = await gateway.open('/upstream/a/ws?secret=1', {
    host: 'gateway.example', authorization: 'Bearer mine', cookie: 'a=b', 'x-mine': '1', 'x-hop': '1', connection: 'keep-alive, Upgrade, X-Hop', origin: 'http://gateway.example', 'sec-websocket-protocol': 'chat'
  })
  t.match(ws.headers, { 'x-request-id': /^req-/, 'x-upstream': 'a', 'sec-websocket-protocol': 'chat', upgrade: 'websocket', connection: 'Upgrade' })
  await ws.next()
  ws.send('headers')
  const headers = JSON.parse(String((await ws.next()).data))
  t.match(headers, { host: 'gateway.example', 'x-forwarded-for': '127.0.0.1', 'x-mine': '1', origin: 'http://gateway.example', 'sec-websocket-key': String, 'sec-websocket-version': '13' })
  t.notHas(headers, { authorization: String })
  t.notHas(headers, { cookie: String })
  t.notHas(headers, { 'x-hop': String })
  t.strictSame(seen, ['onRequest'])
  t.strictSame(events, [])
  ws.send(Buffer.from([3, 232]), { opcode: 8 })
  await ws.end()
  await until(() => seen.length === 2)
  t.strictSame(seen, ['onRequest', 'onResponse 101'], 'the answer lasts as long as the WebSocket')
  t.match(events, [{ model: 'a', method: 'GET', path: '/upstream/a/ws', status: 101, outcome: 'completed' }])
})

t.test('extensions are between client and server', async (t) => {
  let head = ''
  const gateway = await gatewayTo(t, await scripted(t, (socket, text) => {
    head = text
    socket.write(ACCEPT.replace(/\r\n$/, 'Sec-WebSocket-Extensions: permessage-deflate\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: timeout=5\r\n\r\n'))
  }))
  const ws = await gateway.open('/upstream/a/ws', { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' })
  t.match(head, /\r\nsec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n/i)
  t.match(ws.headers, { 'sec-websocket-extensions': 'permessage-deflate', 'set-cookie': 'b=2' })
  t.notHas(ws.headers, { 'keep-alive': String })
  t.notHas(ws.headers, { 'content-length': String })
})

t.test('bytes right behind the handshake, and behind its answer, are not lost', async (t) => {
  const gateway = await gatewayTo(t, await scripted(t, (socket) => {
    socket.write(ACCEPT + 'from the server, ')
    socket.pipe(socket)
  }))
  const ws = await gateway.open('/upstream/a/ws', {}, { behind: Buffer.from('from the client') })
  ws.socket.end()
  t.equal((await ws.end()).rest, 'from the server, from the client')
})

t.test('what a client sends while its server loads arrives', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 500 }) } } })
  const socket = handshake(t, gateway.url)
  let text = ''
  socket.on('data', (data) => { text += data.toString('latin1') })
  await until(() => gateway.states.includes('a stopped>starting'))
  socket.write(encode('one'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.write(encode('two'))
  await until(() => text.endsWith('two'))
  t.match(text, /^HTTP\/1\.1 101 [^]*hello from a..one..two$/)
})

t.test('a client that sends and sends while it is to wait is cut off', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', neverReady: true }) } } })
  const socket = handshake(t, gateway.url)
  await until(() => gateway.states.includes('a stopped>starting'))
  socket.write(Buffer.alloc(64 * 1024))
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(gateway.app.llamaSwap.status().models[0]!.waiting, 1)
  socket.write('!')
  await endOf(socket)
  await until(() => gateway.app.llamaSwap.status().models[0]!.waiting === 0)
})

t.test('below a prefix with parameters', async (t) => {
  const gateway = await startGateway(t, undefined, { prefix: '/of/:tenant/v:version' })
  const ws = await gateway.open('/of/me/v2/upstream/a/ws')
  t.equal(String((await ws.next()).data), 'hello from a')
})

t.test('two registrations on one server, each with its own', async (t) => {
  const gateway = await startGateway(t, undefined, {
    prefix: '/one',
    async prepare (app) {
      await app.register(llamaSwap, {
        config: { startPort: startPort(), models: { a: { cmd: upstreamCommand({ name: 'other' }) } } },
        prefix: '/two',
        decorator: 'two',
        upgrades: true,
        routes: { upstream: true },
        instance: `two ${process.pid}`
      })
    }
  })
  t.equal(gateway.app.server.listenerCount('upgrade'), 1)
  for (const [prefix, name] of [['/one', 'a'], ['/two', 'other']]) {
    const ws = await gateway.open(`${prefix}/upstream/a/ws`)
    t.equal(String((await ws.next()).data), `hello from ${name}`)
  }
  t.equal((await gateway.shake('/three/upstream/a/ws')).status, 404)
})

t.test('to a server on a Unix socket', async (t) => {
  const path = join(tmpdir(), `websocket-${process.pid}.sock`)
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', (head) => socket.write(ACCEPT + String(head).split('\r\n', 1)))
  }).listen(path)
  t.teardown(() => {
    server.close()
    rmSync(path, { force: true })
  })
  const gateway = await gatewayTo(t, `unix:${path}`)
  const ws = await gateway.open('/upstream/a/some/ws?q=1')
  await until(() => ws.socket.bytesRead > 0)
  ws.socket.end()
  t.match((await ws.end()).rest, 'GET /some/ws?q=1 HTTP/1.1')
})

t.test('to a peer: its path, its host, its key, and nothing of who asks', async (t) => {
  const heads: string[] = []
  const origin = await scripted(t, (socket, head) => {
    heads.push(head.toLowerCase())
    socket.write(ACCEPT)
    socket.pipe(socket)
  })
  const gateway = await startGateway(t, { models: {}, peers: { box: { proxy: `${origin}/base`, apiKey: 'theirs', models: ['m'] } } } as never, { forwardAuthorization: true })
  const ws = await gateway.open('/upstream/m/v1/realtime?x=1', { authorization: 'Bearer mine', 'x-forwarded-for': '10.0.0.1' })
  t.match(heads[0], /^get \/base\/v1\/realtime\?x=1 http\/1\.1\r\n/)
  t.match(heads[0], `\r\nhost: ${new URL(origin).host}\r\n`)
  t.match(heads[0], '\r\nauthorization: bearer theirs\r\n')
  t.match(heads[0], '\r\nx-api-key: theirs\r\n')
  t.notMatch(heads[0], 'forwarded')
  t.notMatch(heads[0], 'mine')
  const { bytesRead } = ws.socket
  ws.socket.write('echoed')
  await until(() => ws.socket.bytesRead > bytesRead)
  await gateway.app.close()
  t.equal((await ws.end()).rest, 'echoed')
})

t.test('to a peer behind a proxy', async (t) => {
  const asked: string[] = []
  const proxy = new URL(await scripted(t, (socket, head) => {
    asked.push(head.split('\r\n', 1)[0]!)
    socket.write(`${ACCEPT}from the peer`)
  }))
  const { env } = process
  t.intercept(process, 'env', { value: { ...env, http_proxy: proxy.href, no_proxy: '', NO_PROXY: '' } })
  const gateway = await startGateway(t, { models: {}, peers: { box: { proxy: 'http://peer.invalid', models: ['m'] } } } as never)
  const ws = await gateway.open('/upstream/m/ws')
  // As Go does it: only https goes through a tunnel.
  t.strictSame(asked, ['GET http://peer.invalid/ws HTTP/1.1'])
  await gateway.app.close()
  t.equal((await ws.end()).rest, 'from the peer')
})
