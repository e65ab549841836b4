import type { Cause } from '../../types/events.ts'
import type { Clock } from '../clock.ts'
import { errors } from '../errors.ts'
import type { Bus } from '../events.ts'
import type { Effect, SchedulerEvent, Subject } from '../scheduler/messages.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Conditions } from './conditions.ts'
import type { Entries } from './entries.ts'
import type { Entry } from './entry.ts'
import { createLease } from './lease.ts'
import { rejectionError } from './rejection.ts'
import { SwapTimes } from './swap-times.ts'
import type { PendingTicket } from './ticket.ts'

export interface ExecutorOptions {
  readonly scheduler: Scheduler
  readonly entries: Entries
  /** Those that wait; one that is settled is taken out. */
  readonly tickets: Map<number, PendingTicket>
  readonly conditions: Conditions
  readonly clock: Clock
  readonly bus: Bus
}

/** Tells the scheduler what has happened, and carries out what it decides, in order. */
export class Executor {
  readonly #options: ExecutorOptions
  readonly #swapTimes = new SwapTimes()
  #effects: Effect[] = []
  #running = false
  #cancelWake = (): void => {}

  constructor (options: ExecutorOptions) {
    this.#options = options
  }

  /** Takes one event and does what follows from it; `first` comes before all of that. */
  dispatch (event: SchedulerEvent, first?: () => void): void {
    const { scheduler, clock, conditions } = this.#options
    this.#effects.push(...scheduler.handle(event, clock.now()))
    first?.()
    // What a listener does while an effect is carried out waits for its turn.
    if (this.#running) return
    this.#running = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) this.#carryOut(effect)
    } finally {
      this.#running = false
    }
    conditions.look()
  }

  /** A server has ended, or cannot be ended. */
  ended ({ subject, model }: Entry): void {
    this.dispatch({ type: model.state === 'stuck' ? 'stuck' : 'stopped', ...subject })
    this.forgetGone()
  }

  /** Lets go of what reloads have replaced or removed, where its server is gone. */
  forgetGone (): void {
    const { entries, scheduler } = this.#options
    entries.forget(({ subject, model }) => model.state === 'stopped' && !scheduler.holdsRoom(subject))
  }

  /** No more ticks. */
  close (): void { this.#cancelWake() }

  #carryOut (effect: Effect): void {
    switch (effect.type) {
      case 'grant': return this.#grant(effect.ticket, effect)
      case 'reject': return this.#reject(effect.ticket, effect.why)
      case 'start': return this.#start(effect, effect.cause, effect.evicted)
      case 'stop': return this.#stop(effect, effect.cause)
      case 'wakeAt': {
        const { clock } = this.#options
        this.#cancelWake()
        this.#cancelWake = clock.after(Math.max(0, effect.at - clock.now()), () => this.dispatch({ type: 'tick' }))
      }
    }
  }

  #grant (id: number, subject: Subject): void {
    const { entries, tickets } = this.#options
    const ticket = tickets.get(id)
    const run = entries.of(subject).model.readyRun
    const release = (): void => this.dispatch({ type: 'released', ticket: id })
    tickets.delete(id)
    if (ticket === undefined) return release()
    if (run !== undefined) {
      return ticket.grant(createLease(subject.model, run, () => {
        ticket.released()
        release()
      }))
    }
    // It died between the decision and now.
    release()
    ticket.fail(new errors.Crashed(subject.model))
  }

  #reject (id: number, why: Parameters<typeof rejectionError>[0]): void {
    const { tickets } = this.#options
    const ticket = tickets.get(id)
    tickets.delete(id)
    ticket?.fail(rejectionError(why, ticket.model))
  }

  #start ({ model: to, generation }: Subject, cause: Cause, evicted: readonly string[]): void {
    const { entries, clock, bus } = this.#options
    const entry = entries.of({ model: to, generation })
    const swapSince = this.#swapTimes.started(to, clock.now())
    const start = entry.start = {}
    entry.model.ensureReady(cause).then(() => {
      if (entry.start !== start) return
      if (evicted.length > 0) bus.emit('swap', { from: evicted, to, time: clock.epoch(), duration: clock.now() - swapSince })
      this.dispatch({ type: 'ready', model: to, generation })
    }, (error: Error) => {
      if (entry.start === start) this.dispatch({ type: 'failed', model: to, generation, error, stuck: entry.model.state === 'stuck' })
    })
  }

  #stop (subject: Subject, cause: Cause): void {
    const { entries, clock } = this.#options
    const entry = entries.of(subject)
    entry.start = undefined
    this.#swapTimes.stopped(cause, clock.now())
    const reason = cause === 'close' ? new errors.Closing() : new errors.Unloaded(subject.model)
    void entry.model.stop(cause, undefined, reason).then(() => this.ended(entry))
  }
}
