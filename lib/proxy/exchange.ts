import { EventEmitter } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestEvent } from '../../types/events.ts'
import type { Lease } from '../../types/lease.ts'
import type { Ticket } from '../../types/ticket.ts'
import type { Body } from '../body/intake.ts'
import type { Clock } from '../clock.ts'
import { errors, isLlamaSwapError } from '../errors.ts'
import type { LlamaSwapError } from '../errors.ts'
import { errorEvent, rawErrorEvent } from '../protocol/error-body.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { cut } from './cut.ts'
import type { Loading } from './loading.ts'
import { logFailure } from './log-failure.ts'

const CRASHED = new errors.Crashed('').code

/**
 * One request of one client, from its handler to the end of its answer. It ends once, however it ends: the ticket is
 * cancelled, the lease given back, the upstream request aborted, the body's bytes freed.
 *
 * It is also the abort signal of its upstream request: undici takes an emitter, which is cheaper than an AbortController.
 */
export class Exchange extends EventEmitter {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly protocol: Protocol
  model = ''
  aborted = false
  reason: Error | undefined
  ticket: Ticket | undefined
  body: Body | undefined
  /** Whether the server may have seen the request. */
  sent = false
  /** Whether it was given a second lease already. */
  retried = false
  /** Set once the client is told how the load goes. */
  loading: Loading | undefined
  /** Set while an event stream is being sent: ends it visibly. */
  truncate: ((error: Error) => void) | undefined
  outcome: RequestEvent['outcome'] = 'completed'
  /** A WebSocket without a lease: it keeps neither the server running nor the app open. */
  leaseless = false
  ended = false
  readonly startedAt: number
  #clock: Clock
  #lease: Lease | undefined
  #leasedAt: number | undefined
  #onLeaseAbort = (): void => {
    const reason = this.#lease!.signal.reason as LlamaSwapError
    // A request that the dead server cannot have seen is about to find out, and to get another lease.
    if (reason.code === CRASHED && !this.sent && !this.retried) return
    this.fail(reason)
  }

  constructor (request: FastifyRequest, reply: FastifyReply, protocol: Protocol, clock: Clock, onEnd: (exchange: Exchange) => void) {
    super()
    this.request = request
    this.reply = reply
    this.protocol = protocol
    this.#clock = clock
    this.startedAt = clock.now()
    reply.raw.once('close', () => {
      this.#end()
      onEnd(this)
    })
  }

  get waited (): number { return (this.#leasedAt ?? this.#clock.now()) - this.startedAt }
  get duration (): number { return this.#clock.now() - this.startedAt }

  hold (lease: Lease): void {
    this.#lease = lease
    this.#leasedAt = this.#clock.now()
    if (lease.signal.aborted) return this.#onLeaseAbort()
    lease.signal.addEventListener('abort', this.#onLeaseAbort)
  }

  /** Gives the server back: its part of the exchange is over. */
  release (): void {
    this.#lease?.signal.removeEventListener('abort', this.#onLeaseAbort)
    this.#lease?.release()
    this.#lease = undefined
  }

  /**
   * Ends the exchange with an error, as visibly as its state allows: an answer, an in-band error, a cut connection. Once: what fails because of that changes nothing.
   *
   * @param words - the server's own for it, as JSON, where it comes in band
   */
  fail (error: Error, words?: string): void {
    if (this.ended || this.aborted) return
    const { reply, protocol } = this
    this.ticket?.cancel(error)
    this.loading?.stop()
    if (reply.raw.writableEnded) {
      // A client that does not read the end of its answer must not hold us up.
      this.outcome = 'truncated'
      cut(reply.raw)
    } else if (this.truncate !== undefined) {
      this.truncate(error)
    } else if (this.loading !== undefined) {
      this.outcome = 'failed'
      logFailure(this.request.log, error)
      const known = isLlamaSwapError(error) ? error : new errors.UpstreamFailed(this.model)
      reply.raw.write(words === undefined ? errorEvent(known, protocol) : rawErrorEvent(words, protocol))
      cut(reply.raw)
    } else if (reply.raw.headersSent) {
      this.outcome = 'truncated'
      cut(reply.raw)
    } else if (!reply.sent) {
      this.outcome = 'failed'
      const { retryAfter } = error as LlamaSwapError
      if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
      reply.send(error)
    }
    this.#abort(error)
  }

  /** From now on it ends with an error in the stream. */
  truncateBy (truncate: (error: LlamaSwapError) => void): void {
    this.truncate = (error) => {
      this.outcome = 'truncated'
      truncate(isLlamaSwapError(error) ? error : new errors.UpstreamTruncated(this.model))
    }
  }

  #abort (reason: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.emit('abort')
  }

  #end (): void {
    this.ended = true
    if (!this.reply.raw.writableEnded) {
      if (this.outcome === 'completed') this.outcome = 'cancelled'
      const reason = new errors.Cancelled()
      this.ticket?.cancel(reason)
      this.#abort(reason)
    }
    this.loading?.stop()
    this.release()
    this.body?.release()
  }
}
