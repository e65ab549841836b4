import type { FastifyReplyFromHooks } from '@fastify/reply-from'
import type { FastifyReply } from 'fastify'
import type { Readable } from 'node:stream'
import type { Lease } from '../../types/lease.ts'
import { errors, isLlamaSwapError } from '../errors.ts'
import type { Exchange } from './exchange.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { pump } from './pump.ts'
import { kRoute } from './transport.ts'
import type { Route } from './transport.ts'
import { upstreamError } from './upstream-error.ts'

/**
 * Sends an exchange's request to the leased server and its answer to the client.
 *
 * @param path - path and query for the server, checked
 * @param onUnsent - called instead of failing the exchange when the server cannot have seen the request
 */
export function forward (exchange: Exchange, lease: Lease, path: string, forwardAuthorization: boolean, onUnsent: (error: Error) => void): void {
  const { reply, request, body } = exchange
  const route: Route = { lease, exchange }
  const options: FastifyReplyFromHooks = {
    rewriteRequestHeaders: (_request, headers) => Object.assign(requestHeaders(request, headers as never, forwardAuthorization), { [kRoute]: route }),
    rewriteHeaders: (headers) => responseHeaders(headers as never, reply),
    onResponse: (_request, _reply, response) => answer(exchange, (response as unknown as { stream: Readable }).stream),
    onError (_reply, { error }) {
      const reason = upstreamError(error, exchange.model)
      if (exchange.sent || exchange.aborted) exchange.fail(reason)
      else onUnsent(reason)
    }
  }
  // Without one of its own, reply-from would take the parser's stream, which is read already.
  request.body = undefined
  if (body !== undefined && body.bytes.length > 0) {
    options.body = body.bytes
    options.contentType = request.headers['content-type'] ?? 'application/octet-stream'
  }
  reply.from(lease.origin + lease.basePath + path, options)
}

function answer (exchange: Exchange, stream: Readable): void {
  const { reply } = exchange
  // The server is done with us when its answer ends, however slowly the client reads the rest.
  stream.once('close', () => exchange.release())
  if (exchange.ended) {
    stream.on('error', () => {}).destroy()
  } else if (isEventStream(reply)) {
    sendEvents(exchange, stream)
  } else {
    stream.once('error', () => { exchange.outcome = 'truncated' })
    reply.send(stream)
  }
}

function isEventStream (reply: FastifyReply): boolean {
  const type = reply.getHeader('content-type')
  return typeof type === 'string' && /^text\/event-stream\s*(;|$)/i.test(type)
}

// Past Fastify: its `send` holds the headers back until the first chunk.
function sendEvents (exchange: Exchange, stream: Readable): void {
  const { reply, model } = exchange
  const { raw } = reply
  reply.header('x-accel-buffering', 'no')
  reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as NodeJS.Dict<string | string[]>)
  raw.flushHeaders()
  const inBand = !reply.hasHeader('content-encoding') && !reply.hasHeader('content-length')
  const { truncate } = pump(stream, raw, exchange.protocol, inBand, () => exchange.fail(new errors.UpstreamTruncated(model)))
  exchange.truncate = (error) => {
    exchange.outcome = 'truncated'
    truncate(isLlamaSwapError(error) ? error : new errors.UpstreamTruncated(model))
  }
}
