import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { errors } from '../errors.ts'
import { endWait } from './awaiting-upgrade.ts'
import type { Exchange } from './exchange.ts'
import { namesWebSocket } from './handshake.ts'
import { responseHeaders } from './headers.ts'

// Once one side has ended, the other gets this long without a byte: no WebSocket stays half open.
const LINGER = 5000
// A client that is gone without a word (power, network) must not hold a server for ever.
const KEEP_ALIVE = 15_000

/** Carries bytes both ways between a client and the server that has accepted its WebSocket, until both sides have ended. The answer lasts as long. */
export function tunnel (exchange: Exchange, rawHeaders: readonly Buffer[], server: Socket): void {
  const { reply, request, model } = exchange
  const { raw } = reply
  const client = request.raw.socket
  const headers = parseHeaders(rawHeaders)
  server.on('error', () => {})
  if (exchange.ended || exchange.aborted || !namesWebSocket(headers.upgrade)) {
    server.destroy()
    return exchange.fail(new errors.UpstreamFailed(model))
  }
  reply.hijack()
  const answered: OutgoingHttpHeaders = { ...responseHeaders(headers, reply), ...reply.getHeaders() as OutgoingHttpHeaders, connection: 'Upgrade', upgrade: 'websocket' }
  raw.writeHead(101, answered)
  raw.flushHeaders()
  exchange.once('abort', () => server.destroy())
  server.write(endWait(request.raw))
  join(client, server)
  join(server, client)
  client.setKeepAlive(true, KEEP_ALIVE)
  // Before the answer's own listener: this end of an answer is not an early one.
  client.prependOnceListener('close', () => {
    raw.end()
    server.destroy()
  })
  server.once('close', () => {
    endSoon(client)
    client.destroySoon()
  })
}

function join (from: Socket, to: Socket): void {
  from.allowHalfOpen = true
  from.setTimeout(0)
  from.once('end', () => endSoon(to)).pipe(to)
}

function endSoon (socket: Socket): void {
  socket.setTimeout(LINGER, () => socket.destroy())
}

// Names and values in turn.
function parseHeaders (raw: readonly Buffer[]): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1').toLowerCase()
    const value = raw[i + 1]!.toString('latin1')
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}
