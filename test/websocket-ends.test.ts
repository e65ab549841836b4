import { once } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand, upstreamStats } from 'fastify-llama-swap/testing'
import type { RequestEvent } from '../index.ts'
import { until } from './helper/app.ts'
import { noKeepAlive, probeDue } from './helper/keep-alive.ts'
import { encode } from './helper/websocket.ts'
import { ACCEPT, endOf, gatewayTo, handshake, scripted, startGateway } from './helper/websocket-gateway.ts'
import type { Gateway } from './helper/websocket-gateway.ts'

const CLOSE = { opcode: 8 }
const leases = ({ app }: Gateway): number => app.llamaSwap.status().models[0]!.leases

/** A server that accepts, and its sockets. */
async function accepting (t: Test): Promise<{ origin: string, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const origin = await scripted(t, (socket) => {
    sockets.push(socket)
    socket.write(ACCEPT)
  })
  return { origin, sockets }
}

function outcomes (gateway: Gateway): string[] {
  const found: string[] = []
  gateway.app.llamaSwap.on('request', ({ status, outcome }: RequestEvent) => found.push(`${status} ${outcome}`))
  return found
}

t.test('by a close frame of the client, or of the server', async (t) => {
  const gateway = await startGateway(t)
  const found = outcomes(gateway)
  const first = await gateway.open()
  await first.next()
  first.send(Buffer.from([3, 233, 98, 121, 101]), CLOSE)
  t.match(await first.next(), { opcode: 8, data: Buffer.from([3, 233, 98, 121, 101]) })
  t.equal((await first.end()).by, 'FIN')
  const second = await gateway.open()
  await second.next()
  // What breaks the protocol makes the server close.
  second.send('bare', { masked: false })
  t.match(String((await second.next()).data), /a frame without a mask$/)
  t.equal((await second.end()).by, 'FIN')
  await until(() => found.length === 2)
  t.strictSame(found, ['101 completed', '101 completed'])
  t.equal(leases(gateway), 0)
  t.match(await upstreamStats(gateway.app.llamaSwap.status().models[0]!.origin!), { websockets: { open: 0, total: 2 } })
})

t.test('half: what the other side still has to say arrives', async (t) => {
  const { origin, sockets } = await accepting(t)
  const gateway = await gatewayTo(t, origin)
  const first = await gateway.open()
  first.socket.end('last of the client')
  t.equal(await read(sockets[0]!), 'last of the client')
  t.equal(leases(gateway), 1)
  sockets[0]!.write('and the server goes on, ')
  sockets[0]!.end('then ends')
  t.strictSame(await first.end(), { by: 'FIN', rest: 'and the server goes on, then ends' })

  const second = await gateway.open()
  second.socket.allowHalfOpen = true
  sockets[1]!.end('last of the server')
  await new Promise((resolve) => { second.socket.once('end', resolve) })
  t.equal(leases(gateway), 1)
  second.socket.write('and the client goes on, ')
  second.socket.end('then ends')
  t.equal(await read(sockets[1]!), 'and the client goes on, then ends')
  await until(() => leases(gateway) === 0)
})

t.test('half open, and not a byte more: it is not held for ever', { timeout: 40_000 }, async (t) => {
  const { origin, sockets } = await accepting(t)
  const gateway = await gatewayTo(t, origin)
  const first = await gateway.open()
  const second = await gateway.open()
  second.socket.allowHalfOpen = true
  first.socket.end()
  sockets[1]!.end()
  await new Promise((resolve) => { second.socket.once('end', resolve) })
  t.equal(leases(gateway), 2)
  await until(() => leases(gateway) === 0)
  t.equal((await first.end()).by, 'FIN')
})

t.test('by a reset of the client', async (t) => {
  const { origin, sockets } = await accepting(t)
  const gateway = await gatewayTo(t, origin)
  const ws = await gateway.open()
  const ended = endOf(sockets[0]!)
  ws.socket.resetAndDestroy()
  t.match(await ended, /^(FIN|ECONNRESET)$/)
  await until(() => leases(gateway) === 0)
})

t.test('by a reset of the server, after what it had sent', async (t) => {
  const gateway = await startGateway(t)
  const ws = await gateway.open('/upstream/a/ws?die=rst')
  await ws.next()
  ws.send('last')
  t.equal(String((await ws.next()).data), 'last')
  const startedAt = performance.now()
  await ws.end()
  t.ok(performance.now() - startedAt < 4500, 'not only when what is half open is given up')
  await until(() => leases(gateway) === 0)
  await gateway.open()
})

t.test('by a client whose machine is gone: the kernel looks for it every 15 s', { skip: noKeepAlive }, async (t) => {
  const gateway = await startGateway(t)
  const { socket } = await gateway.open()
  const due = probeDue({ localPort: socket.remotePort, remotePort: socket.localPort })
  t.ok(due !== undefined && due <= 15 && due > 7, `due in ${due} s`)
})

t.test('by the death of the server', async (t) => {
  const gateway = await startGateway(t)
  const found = outcomes(gateway)
  const other = await gateway.open()
  const ws = await gateway.open('/upstream/a/ws?die=sigkill')
  await ws.next()
  ws.send('last')
  t.equal(String((await ws.next()).data), 'last')
  await Promise.all([ws.end(), other.end()])
  await until(() => found.length === 2)
  await until(() => gateway.states.at(-1) === 'a stopping>stopped')
})

t.test('by unloading: by force at once, else when it is over', async (t) => {
  const gateway = await startGateway(t)
  const found = outcomes(gateway)
  const ws = await gateway.open()
  let unloaded = false
  const unloading = gateway.app.llamaSwap.unload('a').then(() => { unloaded = true })
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(unloaded, false)
  ws.send(Buffer.from([3, 232]), CLOSE)
  await unloading
  const other = await gateway.open()
  await gateway.app.llamaSwap.unload('a', { force: true })
  await other.end()
  await until(() => found.length === 2)
  t.strictSame(found, ['101 completed', '101 truncated'])
})

t.test('by unloading, while the client reads nothing: the server is rid of it at once', async (t) => {
  const { origin, sockets } = await accepting(t)
  const gateway = await gatewayTo(t, origin)
  const found = outcomes(gateway)
  const { socket } = await gateway.open()
  socket.pause()
  const server = sockets[0]!
  const ended = endOf(server)
  while (server.write(Buffer.alloc(1024 * 1024)) || await Promise.race([once(server, 'drain'), new Promise((resolve) => setTimeout(resolve, 300))]) !== undefined);
  void gateway.app.llamaSwap.unload('a', { force: true })
  await ended
  t.strictSame(found, [], 'what the client was sent has yet to reach it')
  await until(() => found.length === 1)
  t.strictSame(found, ['101 truncated'])
})

t.test('before it began: a client that leaves the queue, by FIN or reset, is not waited for', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', neverReady: true }) } } })
  const found = outcomes(gateway)
  const waiting = (): number => gateway.app.llamaSwap.status().models[0]!.waiting
  for (const leave of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const socket = handshake(t, gateway.url)
    await until(() => waiting() === 1)
    leave(socket)
    await until(() => waiting() === 0)
  }
  t.strictSame(found, ['0 cancelled', '0 cancelled'])
})

t.test('before it began: a server that never answers loses a client that leaves, and does not hold up the close', async (t) => {
  const sockets: Socket[] = []
  const gateway = await gatewayTo(t, await scripted(t, (socket) => { sockets.push(socket) }))
  const found = outcomes(gateway)
  const socket = handshake(t, gateway.url)
  await until(() => sockets.length === 1)
  t.equal(leases(gateway), 1)
  const ended = endOf(sockets[0]!)
  socket.end()
  await ended
  await until(() => leases(gateway) === 0)
  t.strictSame(found, ['0 cancelled'])

  const refused = gateway.shake('/upstream/a/ws')
  await until(() => sockets.length === 2)
  const startedAt = performance.now()
  await gateway.app.close()
  t.ok(performance.now() - startedAt < 300 + 1000 + 2000 + 2000, 'drain timeout, grace, 2 s, and the machine\'s noise')
  t.equal((await refused).status, 503)
  t.match((await (await refused).end()).rest, /shutting down/)
})

t.test('by the end of the app, which gives it its time and no more', async (t) => {
  const gateway = await startGateway(t)
  const found = outcomes(gateway)
  const ends = Promise.all([await gateway.open(), await gateway.open()].map((ws) => ws.end()))
  // One that reads nothing, and so takes no end.
  handshake(t, gateway.url)
  await until(() => leases(gateway) === 3)
  const startedAt = performance.now()
  await gateway.app.close()
  const took = performance.now() - startedAt
  t.ok(took > 290, 'an open WebSocket gets its time')
  t.ok(took < 300 + 10_000, `closed after ${Math.round(took)} ms`)
  await ends
  t.strictSame(found, ['101 truncated', '101 truncated', '101 truncated'])
})

t.test('with the app, while a hook of the host\'s never comes to its end', async (t) => {
  let began = false
  const gateway = await startGateway(t, undefined, {
    drainTimeout: 100,
    prepare: (app) => { app.addHook('onRequest', () => { began = true }) }
  })
  const socket = handshake(t, gateway.url)
  const ended = endOf(socket)
  await until(() => began)
  await gateway.app.close()
  await ended
  t.notOk(gateway.states.includes('a stopped>starting'))
})

t.test('in any way, at any time: nothing is left', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 200 }) } } })
  const ways: Array<(socket: Socket) => void> = [
    (socket) => { socket.end() },
    (socket) => { socket.destroy() },
    (socket) => { socket.resetAndDestroy() },
    (socket) => { socket.write(encode(Buffer.from([3, 232]), CLOSE)) },
    (socket) => { socket.write(encode('the last', { masked: false })) },
    (socket) => { socket.write(encode('the last')) }
  ]
  await Promise.all(Array.from({ length: 120 }, async (_, i) => {
    const socket = handshake(t, gateway.url, `/upstream/a/ws${i % 3 === 0 ? '' : i % 3 === 1 ? '?die=fin' : '?die=rst'}`)
    const ended = new Promise((resolve) => { socket.once('close', resolve) })
    if (i % 4 !== 0) socket.resume()
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 600))
    ways[Math.floor(Math.random() * ways.length)]!(socket)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200))
    socket.destroy()
    await ended
  }))
  const status = () => gateway.app.llamaSwap.status().models[0]!
  await until(() => status().leases === 0 && status().waiting === 0)
  await gateway.app.llamaSwap.load('a')
  await until(async () => (await upstreamStats(status().origin!)).websockets.open === 0)
  await until(async () => await new Promise((resolve) => gateway.app.server.getConnections((_error, open) => resolve(open === 0))))
})

async function read (socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes) => { text += String(bytes) })
  await new Promise((resolve) => { socket.once('end', resolve) })
  return text
}
