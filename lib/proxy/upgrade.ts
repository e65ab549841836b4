import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { handBack } from './hand-back.ts'

/** The bytes that a client has sent right after its upgrade request. */
const kHead = Symbol('llama-swap.upgrade-head')

type Upgrading = IncomingMessage & { [kHead]?: Buffer }

/** Whether a request wants a WebSocket, and the server has let go of its connection for that. */
export function isUpgrade (request: IncomingMessage): boolean { return headOf(request) !== undefined }

export function headOf (request: IncomingMessage): Buffer | undefined {
  const own = (request as Upgrading)[kHead]
  if (own !== undefined) return own
  // @fastify/websocket has taken it, and routes it as we would.
  const theirs = request.headers?.upgrade === undefined ? undefined : Object.getOwnPropertySymbols(request).find(({ description }) => description === 'ws-head')
  return theirs && (request as unknown as Record<symbol, Buffer>)[theirs]
}

/**
 * Listens for upgrades, and sends those that are ours through Fastify, so that its hooks run first. All others are left alone or, where
 * nobody else listens, answered as the plain requests that they are without a listener: `Upgrade: h2c` is a mere offer.
 */
export function listenForUpgrades (app: FastifyInstance, isOurs: (path: string) => boolean): void {
  const onUpgrade = (request: Upgrading, socket: Duplex, head: Buffer): void => {
    // Another listener routes every upgrade through Fastify (@fastify/websocket); ours comes to us that way.
    if ('_httpMessage' in socket && socket._httpMessage !== null && socket._httpMessage !== undefined) return
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    if (!isWebSocket || !isOurs(request.url!.split('?', 1)[0]!)) {
      if (app.server.listenerCount('upgrade') === 1) handBack(app.server, request, socket, head)
      return
    }
    socket.on('error', () => {})
    request[kHead] = head
    const response = new ServerResponse(request)
    // Nothing reads further requests from it.
    response.shouldKeepAlive = false
    response.assignSocket(socket as never)
    response.once('finish', () => (socket as import('node:net').Socket).destroySoon())
    app.routing(request, response)
  }
  // At the end, so that it comes after those of the host's plugins.
  app.addHook('onReady', (done) => {
    app.server.on('upgrade', onUpgrade)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    app.server.off('upgrade', onUpgrade)
    done()
  })
}
