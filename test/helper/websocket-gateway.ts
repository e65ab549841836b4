// A gateway with WebSockets, and servers whose part in the handshake is the test's.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { ConfigInput } from '../../index.ts'
import { startApp } from './app.ts'
import type { Setup, TestApp } from './app.ts'
import { connectWebSocket } from './websocket.ts'
import type { Handshake, RawWebSocket } from './websocket.ts'

export interface Gateway extends TestApp {
  /** A handshake with it, whatever comes of it. */
  shake (path: string, headers?: Record<string, string | undefined>, handshake?: Handshake): Promise<RawWebSocket>
  /** A WebSocket that is open. */
  open (path?: string, headers?: Record<string, string | undefined>, handshake?: Handshake): Promise<RawWebSocket>
}

export const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'

export async function startGateway (t: Test, config: ConfigInput = { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } }, setup: Setup = {}): Promise<Gateway> {
  const test = await startApp(t, config, { upgrades: true, routes: { upstream: true }, drainTimeout: 300, ...setup })
  const shake: Gateway['shake'] = async (path, headers, handshake) => {
    const socket = await connectWebSocket(test.url.replace('http', 'ws') + path, headers, handshake)
    t.teardown(() => socket.socket.destroy())
    return socket
  }
  return {
    ...test,
    shake,
    async open (path = '/upstream/a/ws', headers, handshake) {
      const socket = await shake(path, headers, handshake)
      if (socket.status !== 101) t.fail(`${path} was answered ${socket.status}: ${(await socket.end()).rest}`)
      return socket
    }
  }
}

/** A gateway whose model `a` is what listens at an origin. */
export function gatewayTo (t: Test, origin: string, setup?: Setup): Promise<Gateway> {
  return startGateway(t, { unloadTimeout: 1, models: { a: { cmd: 'sleep 600', proxy: origin, checkEndpoint: 'none' } } }, setup)
}

/** A server that leaves each connection to the test, once it has sent the head of a request; its origin. */
export async function scripted (t: Test, onHandshake: (socket: Socket, head: string) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    let head = ''
    const onData = (bytes: Buffer): void => {
      head += bytes.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', onData)
      onHandshake(socket, head)
    }
    socket.on('error', () => {}).on('data', onData)
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A socket on which a handshake was sent, and nothing read. */
export function handshake (t: Test, url: string, path = '/upstream/a/ws'): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {}).write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n`)
  return socket
}

/** How the other side of a socket ends it: `FIN`, or the code of its error. */
export function endOf (socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve('FIN')).once('error', (error: NodeJS.ErrnoException) => resolve(error.code!)).resume()
  })
}
