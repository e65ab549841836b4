import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'
import { readBody } from '../body/intake.ts'
import type { BodyBudget } from '../body/intake.ts'
import type { BodyScanner } from '../body/scanner.ts'
import type { Clock } from '../clock.ts'
import type { Lease } from '../../types/lease.ts'
import type { RequestOptions } from '../../types/ticket.ts'
import { errors } from '../errors.ts'
import type { Bus } from '../events.ts'
import type { Manager } from '../manager/manager.ts'
import type { Target } from '../names/target.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { awaitsUpgrade } from './awaiting-upgrade.ts'
import { Exchange } from './exchange.ts'
import { forward } from './forward.ts'
import { showLoading } from './loading.ts'
import type { Candour } from './loading.ts'
import { checkPath } from './path.ts'
import type { Transport } from './transport.ts'
import { Turns } from './turns.ts'

export interface ProxyOptions {
  readonly manager: Manager
  readonly bus: Bus
  readonly transport: Transport
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
  /** Sees the body as it arrives, where the model's name is in it. */
  readonly scanner?: BodyScanner
  /** The body, where it was read already. */
  readonly body?: Buffer
  /** Decides what becomes of it, once its body is there. What it throws, or rejects with, is what the client gets. */
  readonly plan: (body: Buffer) => Plan | Promise<Plan>
}

/** Where a request goes, and how. */
export interface Plan extends Pick<RequestOptions, 'priority' | 'deadline'> {
  readonly target: Target
  /** Path and query for the server. */
  readonly path: string
  /** The body for the server; what came from the client, if it was not changed. */
  readonly body: Buffer
  /** The client asks for an event stream, and is told in it how the loading goes. */
  readonly showLoading?: Candour | undefined
  /** Gives up the place that was kept while the plan was made. */
  readonly leave?: () => void
}

const NO_BODY = Buffer.alloc(0)

/** Carries requests through their tickets, and keeps account of those under way. */
export class Proxy {
  readonly #options: ProxyOptions
  readonly #budget: BodyBudget
  readonly #live = new Set<Exchange>()
  readonly #turns = new Turns()
  #onIdle: (() => void) | undefined
  #closing = false

  constructor (options: ProxyOptions) {
    this.#options = options
    this.#budget = { limit: options.bodyBudget, held: 0 }
  }

  /** Serves one request: body, plan, ticket, lease, answer. */
  serve (request: FastifyRequest, reply: FastifyReply, { protocol, scanner, body: bytes, plan }: ProxyRequest): void {
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
        const planned = plan(exchange.body?.bytes ?? NO_BODY)
        if (!(planned instanceof Promise)) return this.#lend(exchange, planned)
        planned.then((plan) => this.#lend(exchange, plan)).catch((error: Error) => exchange.fail(error))
      } catch (error) {
        exchange.fail(error as Error)
      }
    }
    if (bytes !== undefined) {
      exchange.body = { bytes, release () {} }
      return ready()
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
    for (const exchange of [...this.#live]) {
      if (exchange.leaseless) exchange.fail(new errors.Closing())
      else if (!exchange.reply.raw.headersSent) exchange.reply.header('connection', 'close')
    }
    if (this.#live.size === 0) return
    const idle = new Promise<void>((resolve) => { this.#onIdle = resolve })
    const cancel = this.#options.clock.after(timeout, () => {
      for (const exchange of [...this.#live]) exchange.fail(new errors.Closing())
    })
    await idle
    cancel()
  }

  #lend (exchange: Exchange, plan: Plan): void {
    plan.leave?.()
    if (exchange.ended || exchange.aborted) return
    checkPath(plan.path)
    exchange.model = plan.target.model
    if (exchange.body !== undefined) exchange.body.bytes = plan.body
    if (awaitsUpgrade(exchange.request.raw) && this.#ignoresWebsockets(plan.target)) {
      exchange.leaseless = true
      return this.#forward(exchange, this.#options.manager.glance(plan.target.model), plan)
    }
    const ticket = exchange.ticket = this.#options.manager.request(plan.target, plan)
    const { lease } = ticket
    if (!(lease instanceof Promise)) return this.#forward(exchange, lease, plan)
    if (plan.showLoading !== undefined && !ticket.settled) exchange.loading = showLoading(exchange, ticket, this.#options.clock, plan.showLoading)
    const fail = (error: Error): void => exchange.fail(error)
    lease.then((granted) => this.#turns.run(() => this.#forward(exchange, granted, plan), fail), fail)
  }

  #forward (exchange: Exchange, lease: Lease, plan: Plan): void {
    const { manager, transport, forwardAuthorization } = this.#options
    exchange.hold(lease)
    if (exchange.ended) return exchange.release()
    if (exchange.aborted) return
    exchange.loading?.done()
    const onUnsent = (error: Error): void => {
      if (exchange.retried || exchange.ended) return exchange.fail(error)
      exchange.retried = true
      exchange.release()
      const again = (): void => this.#lend(exchange, plan)
      if (plan.target.kind === 'peer') return again()
      // The server is dead or dying; its exit may not have been noticed yet.
      void manager.leftReady(exchange.model, EXIT_NOTICED).then(again).catch((failure: Error) => exchange.fail(failure))
    }
    forward(exchange, lease, { transport, path: plan.path, forwardAuthorization, onUnsent })
  }

  #ignoresWebsockets ({ kind, model }: Target): boolean {
    return kind === 'local' && this.#options.manager.config.models.get(model)?.ignoreWebsockets === true
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
