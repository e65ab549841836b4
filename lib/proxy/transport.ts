import replyFrom from '@fastify/reply-from'
import type { FastifyReplyFromHooks } from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { Lease } from '../../types/lease.ts'
import type { Exchange } from './exchange.ts'

/** The header under which a request carries its way to the dispatcher. A symbol: no client can send it, and it never goes on the wire. */
export const kRoute = Symbol('llama-swap.route')

/** What the dispatcher needs to know of a request. */
export interface Route {
  readonly lease: Lease
  readonly exchange: Exchange
  /** Path and query, to be sent as they are: a URL would be tidied, and its query read. */
  readonly path: string
  /** Called in reply-from's place once the reply is ours: it then tells of no error. */
  readonly onError: (error: Error) => void
  /** Makes it a request for a WebSocket; called in place of an answer when the server accepts, with its headers as names and values in turn. */
  readonly onUpgrade: OnUpgrade | undefined
}

export type OnUpgrade = (rawHeaders: readonly Buffer[], server: Socket) => void

/** reply-from's `reply.from`, for any reply. */
export type Transport = (reply: FastifyReply, origin: string, options: FastifyReplyFromHooks) => void

type RequestCallback = (error: Error | null, data: Dispatcher.ResponseData) => void

// reply-from passes no abort signal and keeps one pool for all; this chooses the lease's pool, and lets the exchange abort in every phase.
const dispatcher = {
  request (options: Dispatcher.RequestOptions & { headers: Record<symbol, Route> }, callback: RequestCallback): void {
    const { lease, exchange, path, onError, onUpgrade } = options.headers[kRoute]!
    delete options.headers[kRoute]
    options.signal = exchange
    options.path = path
    exchange.sent = false
    // `request` hands its own handler to the `dispatch` of what it is called on: here is where to see whether anything was sent.
    const watched = {
      dispatch (dispatched: Dispatcher.DispatchOptions, handler: Handler) {
        watch(handler, exchange)
        if (onUpgrade === undefined) return lease.dispatcher.dispatch(dispatched, handler)
        handler.onUpgrade = (_status, rawHeaders, server) => onUpgrade(rawHeaders as Buffer[], server as Socket)
        return lease.dispatcher.dispatch({ ...dispatched, upgrade: 'websocket' }, handler)
      }
    }
    const send: (this: unknown, options: Dispatcher.RequestOptions, callback: RequestCallback) => void = lease.dispatcher.request
    send.call(watched, options, exchange.loading === undefined ? callback : (error, data) => error === null ? callback(error, data) : onError(error))
  }
}

type Handler = Dispatcher.DispatchHandler & { onConnect?: (...values: unknown[]) => void, onRequestStart?: (...values: unknown[]) => void }

// Called right before the first byte is written; which of the two is undici's affair.
function watch (handler: Handler, exchange: Exchange): void {
  const name = handler.onRequestStart === undefined ? 'onConnect' : 'onRequestStart'
  const original = handler[name]
  handler[name] = function (this: unknown, ...values: never[]) {
    exchange.sent = true
    return original?.apply(this as never, values)
  } as never
}

type From = (this: FastifyReply, url: string, options: FastifyReplyFromHooks) => void
type Plugin = (app: FastifyInstance, options: object, next: (error?: Error) => void) => void

/**
 * Makes a transport. `reply.from` itself stays the host's, if it has one: it is caught here rather than put on the host's replies.
 * Retries are off: only the scheduler may send a request a second time.
 */
export function createTransport (app: FastifyInstance): Transport {
  let from!: From
  const decorateReply = { value: (_name: string, value: From) => { from = value } }
  const fail = (error?: Error): void => { if (error !== undefined) throw error }
  const plugin = replyFrom as unknown as Plugin
  plugin(Object.create(app, { decorateReply }) as FastifyInstance, { undici: dispatcher, retryMethods: [], disableRequestLogging: true, disableCache: true }, fail)
  return (reply, origin, options) => from.call(reply, origin, options)
}
