import type { Cause, ConfigEvent, LogLine } from '../../types/events.ts'
import type { Launcher } from '../../types/launcher.ts'
import type { Lease } from '../../types/lease.ts'
import type { ModelState, Status } from '../../types/status.ts'
import type { Progress, RequestOptions, Ticket } from '../../types/ticket.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { errors } from '../errors.ts'
import type { Bus } from '../events.ts'
import type { Target } from '../names/target.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { schedulerOptions } from './scheduler-options.ts'
import { Conditions } from './conditions.ts'
import { Entries } from './entries.ts'
import { createEntry } from './entry.ts'
import { Executor } from './executor.ts'
import { followLogs } from './follow-logs.ts'
import { createLease } from './lease.ts'
import { Naming } from './naming.ts'
import { Peers } from './peers.ts'
import { modelStatus } from './status.ts'
import { PendingTicket } from './ticket.ts'

export interface ManagerOptions {
  readonly config: Config
  readonly launcher: Launcher
  readonly clock: Clock
  readonly bus: Bus
}

// Whatever else is asked for goes first.
const LAST = -1000

/** Joins the scheduler, which decides, and the models, which do. Knows no HTTP. */
export class Manager {
  readonly #clock: Clock
  readonly #bus: Bus
  readonly #entries: Entries
  readonly #scheduler: Scheduler
  readonly #executor: Executor
  readonly #tickets = new Map<number, PendingTicket>()
  readonly #followed = new Set<PendingTicket>()
  readonly #conditions = new Conditions()
  readonly #peers: Peers
  readonly naming: Naming
  #config: Config
  #nextTicket = 0
  readonly #closed = new AbortController()

  constructor ({ config, launcher, clock, bus }: ManagerOptions) {
    this.#clock = clock
    this.#bus = bus
    this.#entries = new Entries((model, generation, output) => createEntry(model, generation, output, {
      launcher,
      clock,
      bus,
      onState: () => { for (const ticket of [...this.#followed]) ticket.tell() },
      onCrash: ({ subject, model }) => this.#executor.dispatch({ type: 'crashed', ...subject, error: model.lastError! }),
      onEnded: (entry) => this.#executor.ended(entry)
    }))
    this.#entries.reconfigure(config)
    this.#config = config
    this.naming = new Naming(config, (model) => this.stateOf(model))
    this.#peers = new Peers(config.peers, () => this.#conditions.look())
    this.#scheduler = new Scheduler(schedulerOptions(config, this.#entries.current))
    this.#executor = new Executor({ scheduler: this.#scheduler, entries: this.#entries, tickets: this.#tickets, conditions: this.#conditions, clock, bus })
  }

  /** The config as it is now. */
  get config (): Config { return this.#config }

  /** Asks for a model. A lease is there at once when the model is ready and nobody waits, or is a peer's. */
  request (target: Target, { signal, priority = 0, deadline }: RequestOptions = {}, cause: Cause = 'request', override = false): Ticket {
    const { model } = target
    const id = this.#nextTicket++
    const since = this.#clock.now()
    const ticket = new PendingTicket(model, this.#followed, (reason) => {
      this.#tickets.delete(id)
      ticket.fail(reason ?? new errors.Cancelled())
      this.#executor.dispatch({ type: 'cancel', ticket: id })
    }, () => this.#progress(id, model, since), target.selector === undefined ? undefined : this.naming.count(target.selector, model))
    if (signal?.aborted === true) {
      ticket.fail(abortReason(signal))
      return ticket
    }
    if (target.kind === 'peer') {
      if (this.accepting) this.#peers.lend(target, ticket)
      else ticket.fail(new errors.Closing())
      return ticket
    }
    this.#tickets.set(id, ticket)
    this.#executor.dispatch({ type: 'request', ticket: id, model, priority, deadline, cause, override })
    if (signal !== undefined && !ticket.settled) {
      const abort = (): void => ticket.cancel(abortReason(signal))
      signal.addEventListener('abort', abort, { once: true })
      const forget = (): void => signal.removeEventListener('abort', abort)
      void Promise.resolve(ticket.lease).then(forget, forget)
    }
    return ticket
  }

  /**
   * A lease that holds nothing: the server may be stopped any time, which the signal tells.
   *
   * @throws an `FST_LS_MODEL_NOT_LOADED` or `FST_LS_CLOSING` error
   */
  glance (model: string): Lease {
    if (!this.accepting) throw new errors.Closing()
    const run = this.#entries.get(model)?.model.readyRun
    if (run === undefined) throw new errors.ModelNotLoaded(model, 'ignored websocket requests cannot start it')
    return createLease(model, run, () => {})
  }

  /** Waits for a lease on a model, by any of its names. */
  async acquire (name: string, options?: RequestOptions, cause?: Cause): Promise<Lease> {
    return this.request(this.naming.resolve(name), options, cause).lease
  }

  /** Starts a model, also one that cools down after failures. */
  async load (name: string): Promise<void> {
    const target = this.naming.resolve(name)
    if (target.kind === 'peer') throw new errors.ModelRemote(target.model)
    const { lease } = this.request(target, {}, 'request', true)
    ;(await lease).release()
  }

  /** Loads models, one after the other, behind every request. Never rejects: `state` events tell how it goes. */
  async preload (models: readonly string[]): Promise<void> {
    for (const model of models) {
      if (!this.accepting) return
      await Promise.resolve(this.request({ kind: 'local', model, name: model }, { priority: LAST }, 'preload').lease).then((lease) => lease.release(), () => {})
    }
  }

  /** Stops one model or all; resolves when they are stopped. */
  async unload (name?: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    const models = name === undefined ? new Set(this.#entries.all().map(({ subject }) => subject.model)) : [this.#resolveRunning(name)]
    await Promise.all([...models].map(async (model) => {
      let stopped = false
      const isStuck = (): boolean => this.#entries.all(model).some((entry) => entry.model.state === 'stuck')
      const unsubscribe = this.#bus.on('state', (event) => { stopped ||= event.model === model && event.to === 'stopped' })
      this.#executor.dispatch({ type: 'unload', model, force })
      await this.#conditions.until(() => stopped || isStuck() || !this.#scheduler.isResident(model))
      unsubscribe()
      if (!stopped && isStuck()) throw new errors.Stuck(model)
    }))
  }

  /**
   * Goes over to another config. Servers that serve it as well go on with their requests; the others end after theirs, and those
   * who wait for a changed model get its next server.
   */
  reconfigure (config: Config, warnings: readonly string[]): ConfigEvent {
    if (!this.#scheduler.accepting) throw new errors.Closing()
    const diff = this.#entries.reconfigure(config)
    this.#config = config
    this.naming.reconfigure(config)
    this.#peers.reconfigure(config.peers)
    const event = { ...diff, time: this.#clock.epoch(), warnings }
    // Told before the changes of state that follow from it.
    this.#executor.dispatch({ type: 'reconfigured', options: schedulerOptions(config, this.#entries.current) }, () => this.#bus.emit('config', event))
    this.#executor.forgetGone()
    return event
  }

  /** Resolves when the model is not ready any more, after `ms` at the latest. */
  async leftReady (model: string, ms: number): Promise<void> {
    let late = false
    const cancel = this.#clock.after(ms, () => {
      late = true
      this.#conditions.look()
    })
    await this.#conditions.until(() => late || this.stateOf(model) !== 'ready')
    cancel()
  }

  stateOf (model: string): ModelState { return this.#entries.get(model)?.model.state ?? 'stopped' }

  get accepting (): boolean { return this.#scheduler.accepting }

  status (): Status {
    const now = this.#clock.now()
    return {
      accepting: this.accepting,
      requiresKey: this.#config.apiKeys.length > 0,
      logLevel: this.#config.logLevel,
      profile: this.naming.profile ?? null,
      models: this.#entries.current.map((entry) => modelStatus(entry, this.#scheduler, { waiting: this.#scheduler.waiting(entry.subject.model), waitsFor: this.#scheduler.waitReason(entry.subject.model, now) })),
      outgoing: this.#entries.outgoing.map((entry) => modelStatus(entry, this.#scheduler, { waiting: 0, waitsFor: undefined }))
    }
  }

  /** Follows what the servers of one model or of all print. */
  logs (name?: string, { history = false, signal }: { history?: boolean, signal?: AbortSignal } = {}): AsyncIterableIterator<LogLine> {
    const model = name === undefined ? undefined : this.#resolveRunning(name)
    // All generations of a model print into one ring.
    const rings = new Map(this.#entries.all(model).map((entry) => [entry.subject.model, entry.model.output]))
    const kept = [...rings].flatMap(([id, output]) => output.last(Infinity).map((line) => ({ model: id, ...line })))
    return followLogs(this.#bus, {
      model,
      history: history ? kept.sort((a, b) => a.time - b.time) : [],
      signal: signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal])
    })
  }

  /** Refuses new requests, turns away those that wait; resolves when those being served have ended. */
  async drain (): Promise<void> {
    this.#executor.dispatch({ type: 'drain' })
    await this.#conditions.until(() => this.#scheduler.leased + this.#peers.leased === 0)
  }

  /** Stops everything for good. With `grace` in milliseconds, also where the config gives more; again with 0 to cut a first one short. */
  async close (grace?: number): Promise<void> {
    this.#executor.dispatch({ type: 'shutdown' })
    this.#executor.close()
    const peers = this.#peers.close(new errors.Closing())
    await Promise.all([peers, ...this.#entries.all().map(({ model }) => model.shutdown(grace))])
    this.#closed.abort()
  }

  #progress (ticket: number, model: string, since: number): Progress {
    const now = this.#clock.now()
    return { position: this.#scheduler.position(ticket), state: this.stateOf(model), reason: this.#scheduler.waitReason(model, now) ?? 'is served', elapsed: now - since }
  }

  // Also by the id of a removed model whose server still runs.
  #resolveRunning (name: string): string {
    if (this.naming.find(name) === undefined && this.#entries.all(name).length > 0) return name
    const { kind, model } = this.naming.concrete(name)
    if (kind === 'peer') throw new errors.ModelRemote(model)
    return model
  }
}

function abortReason (signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new errors.Cancelled()
}
