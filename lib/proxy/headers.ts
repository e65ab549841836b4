import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import type { Lease } from '../../types/lease.ts'

type Headers = IncomingHttpHeaders & Record<symbol, unknown>

// RFC 9110 section 7.6.1, and what undici refuses. `connection` and what it names are gone already (reply-from).
const HOP_BY_HOP = ['keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings']
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']
const CREDENTIALS = ['authorization', 'x-api-key', 'cookie']

/**
 * The headers of a request to a server: hop-by-hop ones and, unless wanted, credentials taken out; `Host` and `X-Forwarded-For` as
 * llama-swap sends them. A peer is another's machine: it is called by its own name, with the key it has given us, and learns nothing of who asks.
 */
export function requestHeaders (request: FastifyRequest, headers: Headers, lease: Lease, forwardAuthorization: boolean): Headers {
  for (const name of HOP_BY_HOP) delete headers[name]
  if (!forwardAuthorization) for (const name of CREDENTIALS) delete headers[name]
  const client = request.raw.headers
  // A body is always sent with a type; it is the client's, or there is none.
  if (client['content-type'] === undefined) delete headers['content-type']
  if (lease.peer !== undefined) {
    for (const name of FORWARDED) delete headers[name]
    return Object.assign(headers, lease.headers)
  }
  // A client of old may send none; reply-from has put the server's own there.
  headers.host = client.host || request.host || headers.host
  const forwarded = client['x-forwarded-for']
  const address = request.raw.socket.remoteAddress
  if (address !== undefined) headers['x-forwarded-for'] = forwarded === undefined ? address : `${forwarded as string}, ${address}`
  return headers
}

const NOT_FOR_CLIENTS = new Set(['connection', ...HOP_BY_HOP])

/** The headers of an answer to the client: hop-by-hop ones and those they name taken out; what the host has set already (CORS, request id) stays its own. */
export function responseHeaders (headers: IncomingHttpHeaders, reply: FastifyReply): IncomingHttpHeaders {
  const named = headers.connection === undefined ? [] : headers.connection.toLowerCase().split(',').map((name) => name.trim())
  const kept: IncomingHttpHeaders = {}
  for (const name in headers) {
    if (NOT_FOR_CLIENTS.has(name) || named.includes(name) || reply.hasHeader(name)) continue
    kept[name] = headers[name]
  }
  return kept
}
