import { request as requestHttp } from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Duplex } from 'node:stream'
import { errors } from '../errors.ts'
import type { Lease } from '../../types/lease.ts'
import type { Exchange } from './exchange.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { headOf } from './upgrade.ts'
import { upstreamError } from './upstream-error.ts'

const HOP_BY_HOP = new Set(['connection', 'upgrade', 'keep-alive', 'transfer-encoding'])

/** Carries a WebSocket between a client and the leased server: bytes both ways, until either side ends it. An answer that is no upgrade goes to the client as it is. */
export function tunnel (exchange: Exchange, lease: Lease, path: string, forwardAuthorization: boolean): void {
  const { request, reply, model } = exchange
  const { origin, basePath, socketPath } = lease
  const url = new URL(origin + basePath + path.replaceAll('#', '%23'))
  const connect = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers: OutgoingHttpHeaders = {
    ...requestHeaders(request, { ...request.raw.headers, host: url.host } as never, lease, forwardAuthorization),
    connection: 'Upgrade',
    upgrade: request.raw.headers.upgrade
  }
  const outgoing = connect(url, { method: request.method, headers, agent: false, ...(socketPath !== undefined && { socketPath }) })
  const onAbort = (): void => { outgoing.destroy() }
  exchange.once('abort', onAbort)
  outgoing.once('upgrade', (response, server, head) => {
    exchange.off('abort', onAbort)
    join(exchange, response, server, head)
  })
  outgoing.once('response', (response) => answer(exchange, response))
  outgoing.once('error', (error) => exchange.fail(upstreamError(error, model)))
  sendHead(outgoing)
  reply.raw.once('close', () => outgoing.destroy())
}

function sendHead (outgoing: ClientRequest): void {
  outgoing.flushHeaders()
  outgoing.end()
}

function join (exchange: Exchange, response: IncomingMessage, server: Duplex, serverHead: Buffer): void {
  const { reply, request } = exchange
  const client = request.raw.socket
  if (exchange.ended || client.destroyed) {
    server.destroy()
    return
  }
  reply.hijack()
  exchange.tunnelled = true
  client.write(headOfAnswer(response))
  if (serverHead.length > 0) client.write(serverHead)
  const clientHead = headOf(request.raw)!
  if (clientHead.length > 0) server.write(clientHead)
  const end = (): void => {
    client.destroySoon()
    server.destroy()
  }
  exchange.truncate = () => {
    exchange.outcome = 'truncated'
    end()
  }
  server.on('error', end).once('close', () => {
    exchange.release()
    client.destroySoon()
  })
  client.on('error', end).once('close', () => server.destroy())
  client.pipe(server).pipe(client)
  client.setTimeout(0)
}

function headOfAnswer ({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  let head = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[i]!.toLowerCase())) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return head + 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
}

// The server will have none of it, and says why.
function answer (exchange: Exchange, response: IncomingMessage): void {
  const { reply, model } = exchange
  response.once('close', () => exchange.release())
  response.once('error', () => exchange.fail(new errors.UpstreamTruncated(model)))
  reply.code(response.statusCode!).headers(responseHeaders(response.headers, reply)).send(response)
}
