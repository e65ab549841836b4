import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'
import { readBody } from '../body/intake.ts'
import type { BodyBudget } from '../body/intake.ts'
import type { BodyScanner } from '../body/scanner.ts'
import type { Clock } from '../clock.ts'
import type { Lease } from '../../types/lease.ts'
import { errors } from '../errors.ts'
import type { Bus } from '../events.ts'
import type { Manager } from '../manager/manager.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { Exchange } from './exchange.ts'
import { forward } from './forward.ts'
import { checkPath } from './path.ts'

export interface ProxyOptions {
  readonly manager: Manager
  readonly bus: Bus
  readonly clock: Clock
  readonly bodyLimit: number
  readonly bodyBudget: number
  readonly forwardAuthorization: boolean
}

// An exit is noticed within 50 ms; a server that lives on after that only refuses connections.
const EXIT_NOTICED = 100

/** One request to be proxied. */
export interface ProxyRequest {
  readonly protocol: Protocol
  /** Path and query for the server. */
  readonly path: string
  /** Sees the body as it arrives, where the model's name is in it. */
  readonly scanner?: BodyScanner
  /** The model's id; called when the body is there. Throws when there is none. */
  readonly model: () => string
}

/** Carries requests through their tickets, and keeps account of those under way. */
export class Proxy {
  readonly #options: ProxyOptions
  readonly #budget: BodyBudget
  readonly #live = new Set<Exchange>()
  #onIdle: (() => void) | undefined
  #closing = false

  constructor (options: ProxyOptions) {
    this.#options = options
    this.#budget = { limit: options.bodyBudget, held: 0 }
  }

  /** Serves one request: body, model, ticket, lease, answer. */
  serve (request: FastifyRequest, reply: FastifyReply, { protocol, path, scanner, model }: ProxyRequest): void {
    const { clock, bodyLimit } = this.#options
    // It left during the host's hooks.
    if (reply.raw.destroyed) {
      reply.hijack()
      return
    }
    const exchange = new Exchange(request, reply, protocol, clock, (ended) => this.#ended(ended))
    this.#live.add(exchange)
    const ready = (): void => {
      try {
        exchange.model = model()
        checkPath(path)
        this.#lend(exchange, path)
      } catch (error) {
        exchange.fail(error as Error)
      }
    }
    const payload = request.body as Readable | undefined
    if (payload === undefined || payload === null) return ready()
    readBody(payload, { length: announcedLength(request), limit: bodyLimit, budget: this.#budget, scanner }, (error, body) => {
      exchange.body = body
      if (exchange.ended) return body?.release()
      if (error === undefined) return ready()
      // The rest of the body is not worth its way.
      reply.header('connection', 'close')
      exchange.fail(error)
    })
  }

  /** Waits until every request under way has ended; after `timeout` milliseconds ends those that are left, visibly. */
  async close (timeout: number): Promise<void> {
    this.#closing = true
    for (const { reply } of this.#live) if (!reply.raw.headersSent) reply.header('connection', 'close')
    if (this.#live.size === 0) return
    const idle = new Promise<void>((resolve) => { this.#onIdle = resolve })
    const cancel = this.#options.clock.after(timeout, () => {
      for (const exchange of [...this.#live]) exchange.fail(new errors.Closing())
    })
    await idle
    cancel()
  }

  #lend (exchange: Exchange, path: string): void {
    const ticket = exchange.ticket = this.#options.manager.request(exchange.model)
    const { lease } = ticket
    if (!(lease instanceof Promise)) return this.#forward(exchange, lease, path)
    lease.then((granted) => this.#forward(exchange, granted, path)).catch((error: Error) => exchange.fail(error))
  }

  #forward (exchange: Exchange, lease: Lease, path: string): void {
    const { manager, forwardAuthorization } = this.#options
    exchange.hold(lease)
    if (exchange.ended) return exchange.release()
    if (exchange.aborted) return
    forward(exchange, lease, path, forwardAuthorization, (error) => {
      if (exchange.retried || exchange.ended) return exchange.fail(error)
      exchange.retried = true
      exchange.release()
      // The server is dead or dying; its exit may not have been noticed yet.
      void manager.leftReady(exchange.model, EXIT_NOTICED).then(() => {
        if (!exchange.ended) this.#lend(exchange, path)
      }).catch((failure: Error) => exchange.fail(failure))
    })
  }

  #ended (exchange: Exchange): void {
    const { bus, clock } = this.#options
    const { request, reply, model, outcome, waited, duration } = exchange
    this.#live.delete(exchange)
    // An idle connection would hold up the host's close for its keep-alive time.
    if (this.#closing) reply.raw.socket?.destroySoon()
    if (this.#live.size === 0) this.#onIdle?.()
    if (model === '') return
    const path = request.raw.url!.split('?', 1)[0]!
    const status = reply.raw.headersSent ? reply.raw.statusCode : 0
    bus.emit('request', { model, method: request.method, path, status, outcome, time: clock.epoch(), waited, duration })
  }
}

function announcedLength (request: FastifyRequest): number | undefined {
  const header = request.headers['content-length']
  return header === undefined ? undefined : Number(header)
}
