import type { Cause, LogLine } from '../../types/events.ts'
import type { Launcher } from '../../types/launcher.ts'
import type { Lease } from '../../types/lease.ts'
import type { ModelState, Status } from '../../types/status.ts'
import type { RequestOptions, Ticket } from '../../types/ticket.ts'
import type { Clock } from '../clock.ts'
import type { Config, ModelConfig } from '../config/config.ts'
import { errors } from '../errors.ts'
import type { Bus } from '../events.ts'
import { Model } from '../model/model.ts'
import { indexNames } from '../names/target.ts'
import type { Names } from '../names/target.ts'
import type { Effect, SchedulerEvent, Subject } from '../scheduler/messages.ts'
import { oneAtATime } from '../scheduler/policy.ts'
import { evictorIn } from '../scheduler/resident.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { followLogs } from './follow-logs.ts'
import { createLease } from './lease.ts'
import { rejectionError } from './rejection.ts'
import { modelStatus } from './status.ts'
import { PendingTicket } from './ticket.ts'

export interface ManagerOptions {
  readonly config: Config
  readonly launcher: Launcher
  readonly clock: Clock
  readonly bus: Bus
}

const MAX_QUEUE = 512

/** One model as the manager keeps it: its life, and what the scheduler has asked of it. */
interface Entry {
  readonly model: Model
  readonly generation: number
  since: number
  stateAt: number
  /** The start under way; replaced or dropped when it is no longer wanted. */
  start: object | undefined
}

/** Joins the scheduler, which decides, and the models, which do. Knows no HTTP. */
export class Manager {
  readonly #clock: Clock
  readonly #bus: Bus
  readonly #launcher: Launcher
  readonly #scheduler: Scheduler
  readonly #entries = new Map<string, Entry>()
  readonly #tickets = new Map<number, PendingTicket>()
  readonly names: Names
  #nextTicket = 0
  #effects: Effect[] = []
  #draining = false
  readonly #closed = new AbortController()
  #cancelWake = (): void => {}
  /** Called whenever a lease ends or a model stops; those that wait for such a thing look again. */
  #onQuiet = new Set<() => void>()
  /** When the first stop for each model's sake began. */
  #swapSince = new Map<string, number>()

  constructor ({ config, launcher, clock, bus }: ManagerOptions) {
    this.#clock = clock
    this.#bus = bus
    this.#launcher = launcher
    this.names = indexNames(config)
    const terms = new Map([...config.models.values()].map(({ id, ttl }) => [id, { generation: 0, ttl }]))
    this.#scheduler = new Scheduler({ models: terms, policy: oneAtATime, maxQueue: MAX_QUEUE })
    for (const model of config.models.values()) this.#entries.set(model.id, this.#createEntry(model))
  }

  /** Asks for a model by its id. A lease is there at once when the model is ready and nobody waits. */
  request (model: string, { signal, priority = 0, deadline }: RequestOptions = {}, cause: Cause = 'request', override = false): Ticket {
    const id = this.#nextTicket++
    const since = this.#clock.now()
    const ticket = new PendingTicket(model, (reason) => {
      this.#tickets.delete(id)
      ticket.fail(reason ?? new errors.Cancelled())
      this.#dispatch({ type: 'cancel', ticket: id })
    }, () => ({ position: this.#scheduler.position(id), state: this.#stateOf(model), elapsed: this.#clock.now() - since }))
    if (signal?.aborted === true) {
      ticket.fail(abortReason(signal))
      return ticket
    }
    this.#tickets.set(id, ticket)
    this.#dispatch({ type: 'request', ticket: id, model, priority, deadline, cause, override })
    if (signal !== undefined && !ticket.settled) {
      const abort = (): void => ticket.cancel(abortReason(signal))
      signal.addEventListener('abort', abort, { once: true })
      const forget = (): void => signal.removeEventListener('abort', abort)
      void Promise.resolve(ticket.lease).then(forget, forget)
    }
    return ticket
  }

  /** Waits for a lease on a model, by any of its names. */
  async acquire (name: string, options?: RequestOptions, cause?: Cause): Promise<Lease> {
    return this.request(this.#resolve(name), options, cause).lease
  }

  /** Starts a model, also one that cools down after failures. */
  async load (name: string): Promise<void> {
    const { lease } = this.request(this.#resolve(name), {}, 'request', true)
    ;(await lease).release()
  }

  /** Stops one model or all; resolves when they are stopped. */
  async unload (name?: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    const models = name === undefined ? [...this.#entries.keys()] : [this.#resolve(name)]
    await Promise.all(models.map(async (model) => {
      let stopped = false
      const unsubscribe = this.#bus.on('state', (event) => { stopped ||= event.model === model && event.to === 'stopped' })
      this.#dispatch({ type: 'unload', model, force })
      await this.#until(() => stopped || this.#stateOf(model) === 'stuck' || !this.#scheduler.isResident(model))
      unsubscribe()
      if (!stopped && this.#stateOf(model) === 'stuck') throw new errors.Stuck(model)
    }))
  }

  /** Resolves when the model is not ready any more, after `ms` at the latest. */
  async leftReady (model: string, ms: number): Promise<void> {
    let late = false
    const cancel = this.#clock.after(ms, () => {
      late = true
      this.#lookAgain()
    })
    await this.#until(() => late || this.#stateOf(model) !== 'ready')
    cancel()
  }

  status (): Status {
    const models = [...this.#entries.values()].map(({ model, since }) => modelStatus(model, since, this.#scheduler))
    return { accepting: this.#scheduler.accepting, models }
  }

  /** Follows what the servers of one model or of all print. */
  logs (name?: string, { history = false, signal }: { history?: boolean, signal?: AbortSignal } = {}): AsyncIterableIterator<LogLine> {
    const model = name === undefined ? undefined : this.#resolve(name)
    const models = [...this.#entries.values()].map((entry) => entry.model).filter(({ config }) => model === undefined || config.id === model)
    const kept = models.flatMap(({ config, output }) => output.last(Infinity).map((line) => ({ model: config.id, ...line })))
    return followLogs(this.#bus, {
      model,
      history: history ? kept.sort((a, b) => a.time - b.time) : [],
      signal: signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
    })
  }

  /** Refuses new requests, turns away those that wait; resolves when those being served have ended. */
  async drain (): Promise<void> {
    this.#dispatch({ type: 'drain' })
    await this.#until(() => this.#scheduler.leased === 0)
  }

  /** Stops everything for good. With `grace` in milliseconds, also where the config gives more; again with 0 to cut a first one short. */
  async close (grace?: number): Promise<void> {
    this.#dispatch({ type: 'shutdown' })
    this.#cancelWake()
    await Promise.all([...this.#entries.values()].map(({ model }) => model.shutdown(grace)))
    this.#closed.abort()
  }

  #createEntry (config: ModelConfig): Entry {
    const subject = { model: config.id, generation: 0 }
    const entry: Entry = {
      model: new Model({
        config,
        launcher: this.#launcher,
        clock: this.#clock,
        onState: (change) => this.#stateChanged(entry, change),
        onLine: ({ stream, time, line }) => this.#bus.emit('log', { model: config.id, stream, time, line }),
        onCrash: (ended) => {
          this.#dispatch({ type: 'crashed', ...subject, error: entry.model.lastError! })
          void ended.then(() => this.#ended(entry))
        },
        onUnstuck: () => this.#dispatch({ type: 'stopped', ...subject })
      }),
      generation: subject.generation,
      since: this.#clock.epoch(),
      stateAt: this.#clock.now(),
      start: undefined
    }
    return entry
  }

  #stateChanged (entry: Entry, { from, to, cause, error }: { from: ModelState, to: ModelState, cause: Cause, error?: Error }): void {
    const now = this.#clock.now()
    const time = this.#clock.epoch()
    const duration = now - entry.stateAt
    entry.since = time
    entry.stateAt = now
    this.#bus.emit('state', { model: entry.model.config.id, from, to, cause, time, duration, ...(error !== undefined && { error }) })
    for (const ticket of this.#tickets.values()) ticket.tell()
  }

  // Effects go through a queue: what a listener does while one is carried out waits for its turn.
  #dispatch (event: SchedulerEvent): void {
    this.#effects.push(...this.#scheduler.handle(event, this.#clock.now()))
    if (this.#draining) return
    this.#draining = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) this.#carryOut(effect)
    } finally {
      this.#draining = false
    }
    this.#lookAgain()
  }

  #lookAgain (): void {
    if (this.#onQuiet.size > 0) for (const look of [...this.#onQuiet]) look()
  }

  #carryOut (effect: Effect): void {
    switch (effect.type) {
      case 'grant': return this.#grant(effect.ticket, effect)
      case 'reject': return this.#reject(effect.ticket, effect.why)
      case 'start': return this.#start(effect, effect.cause, effect.evicted)
      case 'stop': return this.#stop(effect, effect.cause)
      case 'wakeAt':
        this.#cancelWake()
        this.#cancelWake = this.#clock.after(Math.max(0, effect.at - this.#clock.now()), () => this.#dispatch({ type: 'tick' }))
    }
  }

  #grant (id: number, { model }: Subject): void {
    const ticket = this.#tickets.get(id)
    const run = this.#entries.get(model)!.model.readyRun
    const release = (): void => this.#dispatch({ type: 'released', ticket: id })
    this.#tickets.delete(id)
    if (ticket === undefined) return release()
    if (run !== undefined) return ticket.grant(createLease(model, run, release))
    // It died between the decision and now.
    release()
    ticket.fail(new errors.Crashed(model))
  }

  #reject (id: number, why: Parameters<typeof rejectionError>[0]): void {
    const ticket = this.#tickets.get(id)
    this.#tickets.delete(id)
    ticket?.fail(rejectionError(why, ticket.model, MAX_QUEUE))
  }

  #start ({ model: name, generation }: Subject, cause: Cause, evicted: readonly string[]): void {
    const entry = this.#entries.get(name)!
    const swapSince = this.#swapSince.get(name) ?? this.#clock.now()
    this.#swapSince.delete(name)
    const start = entry.start = {}
    entry.model.ensureReady(cause).then(() => {
      if (entry.start !== start) return
      if (evicted.length > 0) this.#bus.emit('swap', { from: evicted, to: name, time: this.#clock.epoch(), duration: this.#clock.now() - swapSince })
      this.#dispatch({ type: 'ready', model: name, generation })
    }, (error: Error) => {
      if (entry.start === start) this.#dispatch({ type: 'failed', model: name, generation, error, stuck: entry.model.state === 'stuck' })
    })
  }

  #stop ({ model: name }: Subject, cause: Cause): void {
    const entry = this.#entries.get(name)!
    entry.start = undefined
    const evictor = evictorIn(cause)
    if (evictor !== undefined && !this.#swapSince.has(evictor)) this.#swapSince.set(evictor, this.#clock.now())
    const reason = cause === 'close' ? new errors.Closing() : new errors.Unloaded(name)
    void entry.model.stop(cause, undefined, reason).then(() => this.#ended(entry))
  }

  #ended ({ model, generation }: Entry): void {
    this.#dispatch({ type: model.state === 'stuck' ? 'stuck' : 'stopped', model: model.config.id, generation })
  }

  #resolve (name: string): string {
    const target = this.names.get(name)
    if (target === undefined) throw new errors.ModelNotFound(name)
    return target.model
  }

  #stateOf (model: string): ModelState { return this.#entries.get(model)?.model.state ?? 'stopped' }

  #until (done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!done()) return
        this.#onQuiet.delete(look)
        resolve()
      }
      this.#onQuiet.add(look)
      look()
    })
  }
}

function abortReason (signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new errors.Cancelled()
}
