import type { FastifyReplyFromHooks } from '@fastify/reply-from'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Lease } from '../../types/lease.ts'
import { errors } from '../errors.ts'
import { awaitsUpgrade } from './awaiting-upgrade.ts'
import { continueStream, isEventStream } from './continue-stream.ts'
import type { Exchange } from './exchange.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { openEventStream, pump } from './pump.ts'
import { kRoute } from './transport.ts'
import type { OnUpgrade, Route, Transport } from './transport.ts'
import { tunnel } from './tunnel.ts'
import { upstreamError } from './upstream-error.ts'

export interface ForwardOptions {
  readonly transport: Transport
  /** Path and query for the server, checked. */
  readonly path: string
  readonly forwardAuthorization: boolean
  /** Called instead of failing the exchange when the server cannot have seen the request. */
  readonly onUnsent: (error: Error) => void
}

// Without this, reply-from adds the client's query.
const noQuery = (): string => ''

/** Sends an exchange's request to the leased server and its answer to the client. */
export function forward (exchange: Exchange, lease: Lease, { transport, path, forwardAuthorization, onUnsent }: ForwardOptions): void {
  const { reply, request, body } = exchange
  const onError = (error: Error): void => {
    const reason = upstreamError(error, exchange.model)
    if (exchange.sent || exchange.aborted) exchange.fail(reason)
    else onUnsent(reason)
  }
  const onUpgrade: OnUpgrade | undefined = awaitsUpgrade(request.raw) ? (headers, server) => tunnel(exchange, headers, server) : undefined
  // A fragment would be left out on the way; to the client it was a part of its path.
  const route: Route = { lease, exchange, path: lease.basePath + path.replaceAll('#', '%23'), onError, onUpgrade }
  const options: FastifyReplyFromHooks = {
    queryString: noQuery as never,
    rewriteRequestHeaders: (_request, headers) => {
      const own = Object.assign(requestHeaders(request, headers as never, lease, forwardAuthorization), { [kRoute]: route })
      // What has begun as plain text cannot go on compressed.
      if (exchange.loading !== undefined) delete own['accept-encoding']
      return own
    },
    rewriteHeaders: (headers) => responseHeaders(headers as never, reply),
    onResponse: (_request, _reply, response) => answer(exchange, response as unknown as UpstreamAnswer),
    onError: (_reply, { error }) => onError(error)
  }
  // Without one of its own, reply-from would take the parser's stream, which is read already.
  request.body = undefined
  if (body !== undefined && body.bytes.length > 0) {
    options.body = body.bytes
    options.contentType = request.headers['content-type'] ?? 'application/octet-stream'
  }
  transport(reply, lease.origin, options)
}

interface UpstreamAnswer {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly stream: Readable
}

function answer (exchange: Exchange, { statusCode, headers, stream }: UpstreamAnswer): void {
  const { reply } = exchange
  // The server is done with us when its answer ends, however slowly the client reads the rest.
  stream.once('close', () => exchange.release())
  if (exchange.ended || exchange.aborted) {
    stream.on('error', () => {}).destroy()
  } else if (exchange.loading !== undefined) {
    // Which reply-from has set to the server's, where the client was told 200.
    reply.code(200)
    continueStream(exchange, { status: statusCode, headers, stream })
  } else if (isEventStream(reply.getHeader('content-type'))) {
    sendEvents(exchange, stream)
  } else {
    stream.once('error', (error) => {
      exchange.outcome = reply.raw.headersSent ? 'truncated' : 'failed'
      // Where nothing was sent yet, Fastify answers with this very error.
      const { code, statusCode, message } = new errors.UpstreamFailed(exchange.model)
      Object.assign(error, { code, statusCode, message, detail: error.message })
    })
    // A hook of the host's may have put another answer in its place.
    reply.raw.once('close', () => stream.destroy())
    reply.send(stream)
  }
}

function sendEvents (exchange: Exchange, stream: Readable): void {
  const { reply, model, protocol } = exchange
  openEventStream(reply)
  const inBand = !reply.hasHeader('content-encoding') && !reply.hasHeader('content-length')
  exchange.truncateBy(pump(stream, reply.raw, protocol, inBand, () => exchange.fail(new errors.UpstreamTruncated(model))).truncate)
}
