import type { Cause } from '../../types/events.ts'
import { CoolDowns } from './cool-down.ts'
import type { Effect, Rejection, SchedulerEvent, Subject, Terms } from './messages.ts'
import type { Policy } from './policy.ts'
import { Queue } from './queue.ts'
import type { Waiter } from './queue.ts'
import { createResident, evictedBy } from './resident.ts'
import type { Resident } from './resident.ts'

export interface SchedulerOptions {
  readonly models: ReadonlyMap<string, Terms>
  readonly policy: Policy
  readonly maxQueue: number
}

/**
 * Who runs next. A pure state machine: events in, each with the time; effects out. It does no I/O, has no clock,
 * and for the same events gives the same effects. Owns the leases, the queue and the time to live.
 */
export class Scheduler {
  #models: ReadonlyMap<string, Terms>
  #policy: Policy
  #maxQueue: number
  #queue = new Queue()
  #residents = new Map<string, Resident>()
  /** The resident of each granted ticket. */
  #leases = new Map<number, Resident>()
  /** What each model still to be started has had stopped for it. */
  #evictedFor = new Map<string, Set<string>>()
  #coolDowns = new CoolDowns()
  #phase: 'open' | 'draining' | 'closed' = 'open'
  #wakeAt: number | undefined
  #effects: Effect[] = []

  constructor ({ models, policy, maxQueue }: SchedulerOptions) {
    this.#models = models
    this.#policy = policy
    this.#maxQueue = maxQueue
  }

  /** Takes one event and returns what is to be done, in order. */
  handle (event: SchedulerEvent, now: number): readonly Effect[] {
    this.#effects = []
    switch (event.type) {
      case 'request': this.#request(event, now); break
      case 'cancel': this.#cancel(event.ticket); break
      case 'released': this.#release(event.ticket, now); break
      case 'ready': this.#ready(event, now); break
      case 'failed': this.#failed(event, now); break
      case 'crashed': this.#crashed(event, now); break
      case 'stuck': this.#stuck(event); break
      case 'stopped': this.#residents.delete(keyOf(event)); break
      case 'unload': this.#unload(event.model, event.force); break
      case 'reconfigured': this.#reconfigure(event.options); break
      case 'drain': this.#close('draining'); break
      case 'shutdown': this.#shutdown(); break
      case 'tick': this.#tick(now); break
    }
    this.#settle(now)
    return this.#effects
  }

  // -- What can be read --------------------------------------------------------------------------------------------

  leases ({ model, generation }: Subject): number {
    let count = 0
    for (const resident of this.#leases.values()) if (resident.model === model && resident.generation === generation) count++
    return count
  }

  get leased (): number { return this.#leases.size }
  get maxQueue (): number { return this.#maxQueue }
  get accepting (): boolean { return this.#phase === 'open' }
  waiting (model: string): number { return this.#queue.of(model).length }
  position (ticket: number): number { return this.#queue.position(ticket) }
  /** Whether a model holds room in any of its generations. */
  isResident (model: string): boolean { return this.#residentsOf(model).length > 0 }
  holdsRoom (subject: Subject): boolean { return this.#residents.has(keyOf(subject)) }

  // -- Events ------------------------------------------------------------------------------------------------------

  #request ({ ticket, model, priority, deadline, cause, override }: SchedulerEvent & { type: 'request' }, now: number): void {
    const terms = this.#models.get(model)
    if (this.#phase !== 'open') return this.#reject(ticket, 'closing')
    if (terms === undefined) return this.#reject(ticket, 'unknown')
    const resident = this.#residents.get(keyOf({ model, generation: terms.generation }))
    // Nobody waits: nobody can be overtaken.
    if (this.#queue.size === 0 && resident?.state === 'ready' && resident.unloadBefore === undefined) return this.#grant(ticket, resident)
    if (this.#queue.size >= this.#maxQueue) return this.#reject(ticket, 'queueFull')
    if (override === true) this.#coolDowns.override(model)
    this.#queue.add({ ticket, model, priority, cause, expiresAt: deadline === undefined ? undefined : now + deadline })
  }

  #cancel (ticket: number): void {
    this.#queue.remove(ticket)
  }

  #release (ticket: number, now: number): void {
    const resident = this.#leases.get(ticket)
    if (resident === undefined) return
    this.#leases.delete(ticket)
    resident.leases--
    resident.idleSince = now
  }

  #ready (subject: Subject, now: number): void {
    const resident = this.#residents.get(keyOf(subject))
    if (resident?.state !== 'starting') return
    resident.state = 'ready'
    resident.idleSince = now
    this.#coolDowns.ready(subject.model, now)
  }

  #failed ({ error, stuck, ...subject }: SchedulerEvent & { type: 'failed' }, now: number): void {
    const resident = this.#residents.get(keyOf(subject))
    if (resident?.state !== 'starting') return
    if (stuck === true) resident.state = 'stuck'
    else this.#residents.delete(keyOf(subject))
    this.#coolDowns.failed(subject.model, error, now)
    this.#dropAll(subject.model, { error })
  }

  #crashed ({ error, ...subject }: SchedulerEvent & { type: 'crashed' }, now: number): void {
    const resident = this.#residents.get(keyOf(subject))
    if (resident === undefined) return
    resident.state = 'stopping'
    if (this.#isCurrent(subject)) this.#coolDowns.crashed(subject.model, error, now)
  }

  #stuck (subject: Subject): void {
    const resident = this.#residents.get(keyOf(subject))
    if (resident !== undefined) resident.state = 'stuck'
  }

  #unload (model: string, force: boolean): void {
    for (const resident of this.#residentsOf(model)) {
      if (isEnding(resident)) continue
      if (force) this.#stop(resident, 'unload', true)
      else resident.unloadBefore = this.#lastTicket(model) + 1
    }
    if (force) this.#dropAll(model, 'unloaded')
  }

  #reconfigure ({ models, policy, maxQueue }: SchedulerOptions): void {
    for (const [model, { generation }] of this.#models) {
      if (models.get(model)?.generation !== generation) this.#coolDowns.forget(model)
      if (!models.has(model)) this.#evictedFor.delete(model)
    }
    this.#models = models
    this.#policy = policy
    this.#maxQueue = maxQueue
  }

  #close (phase: 'draining' | 'closed'): void {
    this.#phase = phase
    for (const { ticket } of [...this.#queue.all()]) this.#drop(ticket, 'closing')
  }

  #shutdown (): void {
    this.#close('closed')
    for (const resident of this.#residents.values()) if (!isEnding(resident)) this.#stop(resident, 'close', true)
  }

  #tick (now: number): void {
    this.#wakeAt = undefined
    for (const { ticket, expiresAt } of [...this.#queue.all()]) if (expiresAt !== undefined && expiresAt <= now) this.#drop(ticket, 'deadline')
  }

  // -- Decisions ---------------------------------------------------------------------------------------------------

  // Everything that follows from the state, whatever event brought it about.
  #settle (now: number): void {
    if (this.#phase !== 'closed') {
      this.#finishOutdated()
      this.#finishUnloads()
      if (this.#queue.size > 0) this.#serveWaiters(now)
      this.#expireIdle(now)
    }
    this.#scheduleWake()
  }

  /** Waiters in order. What an earlier one needs gone, or is about to start, binds the later ones: so nobody starves. */
  #serveWaiters (now: number): void {
    const claimed = new Set<Resident>()
    const promised = new Set<string>()
    for (const model of this.#queue.models()) {
      const generation = this.#models.get(model)?.generation
      if (generation === undefined) {
        this.#dropAll(model, 'unknown')
        continue
      }
      const resident = this.#residents.get(keyOf({ model, generation }))
      if (resident === undefined) this.#makeRoom({ model, generation }, claimed, promised, now)
      else if (resident.state === 'stuck') this.#dropAll(model, { stuck: model })
      else if (resident.state === 'ready' && !claimed.has(resident)) this.#grantWaiters(resident)
    }
  }

  #grantWaiters (resident: Resident): void {
    for (const { ticket } of [...this.#queue.of(resident.model)]) {
      if (resident.unloadBefore !== undefined && ticket >= resident.unloadBefore) continue
      this.#queue.remove(ticket)
      this.#grant(ticket, resident)
    }
  }

  // Stops what must go for a model, as far as it is idle, and starts it once all of that is gone.
  #makeRoom (target: Subject, claimed: Set<Resident>, promised: Set<string>, now: number): void {
    const cooling = this.#coolDowns.of(target.model, now)
    if (cooling !== undefined) return this.#dropAll(target.model, { coolingDown: cooling.error, ms: cooling.ms })
    const evictions = this.#evictions(target)
    const stuck = evictions.find(({ state }) => state === 'stuck')
    if (stuck !== undefined) return this.#dropAll(target.model, { stuck: stuck.model })
    const blocked = [...promised].some((model) => this.#excludes(target.model, model))
    promised.add(target.model)
    for (const resident of evictions) {
      const taken = claimed.has(resident)
      claimed.add(resident)
      if (blocked || taken || resident.state === 'stopping' || !this.#isIdle(resident)) continue
      this.#evictedFor.set(target.model, (this.#evictedFor.get(target.model) ?? new Set()).add(resident.model))
      this.#stop(resident, evictedBy(target.model), false)
    }
    if (evictions.length === 0 && !blocked) this.#start(target, now)
  }

  #evictions (target: Subject): readonly Resident[] {
    const residents = [...this.#residents.values()]
    const older = residents.filter(({ model, generation }) => model === target.model && generation !== target.generation)
    return [...older, ...this.#policy.evictions(target.model, residents.filter(({ model }) => model !== target.model))]
  }

  // Whether one model could not stay while the other starts, either way round.
  #excludes (a: string, b: string): boolean {
    const resident = (model: string): Resident => createResident({ model, generation: 0 }, 0)
    return this.#policy.evictions(a, [resident(b)]).length > 0 || this.#policy.evictions(b, [resident(a)]).length > 0
  }

  // No lease, and no load that somebody still waits for.
  #isIdle (resident: Resident): boolean {
    return resident.leases === 0 && (resident.state === 'ready' || this.#queue.of(resident.model).length === 0)
  }

  #start (subject: Subject, now: number): void {
    const evicted = [...this.#evictedFor.get(subject.model) ?? []]
    this.#evictedFor.delete(subject.model)
    this.#residents.set(keyOf(subject), createResident(subject, now))
    const cause: Cause = this.#queue.of(subject.model)[0]!.cause
    this.#effects.push({ type: 'start', model: subject.model, generation: subject.generation, cause, evicted })
  }

  #stop (resident: Resident, cause: Cause, force: boolean): void {
    resident.state = 'stopping'
    this.#effects.push({ type: 'stop', model: resident.model, generation: resident.generation, cause, force })
  }

  #grant (ticket: number, resident: Resident): void {
    this.#leases.set(ticket, resident)
    resident.leases++
    this.#effects.push({ type: 'grant', ticket, model: resident.model, generation: resident.generation })
  }

  #drop (ticket: number, why: Rejection): void {
    this.#queue.remove(ticket)
    this.#reject(ticket, why)
  }

  #dropAll (model: string, why: Rejection): void {
    for (const { ticket } of [...this.#queue.of(model)]) this.#drop(ticket, why)
  }

  #reject (ticket: number, why: Rejection): void {
    this.#effects.push({ type: 'reject', ticket, why })
  }

  // Waiters of a changed model wait for its new generation, so nobody waits for the old one.
  #finishOutdated (): void {
    for (const resident of this.#residents.values()) {
      if (!this.#isCurrent(resident) && !isEnding(resident) && resident.leases === 0) this.#stop(resident, 'reload', false)
    }
  }

  #finishUnloads (): void {
    for (const resident of this.#residents.values()) {
      if (resident.unloadBefore === undefined || isEnding(resident) || resident.leases > 0) continue
      const first = this.#queue.of(resident.model).find(({ ticket }) => ticket < resident.unloadBefore!)
      if (first === undefined) this.#stop(resident, 'unload', false)
    }
  }

  #expireIdle (now: number): void {
    for (const resident of this.#residents.values()) {
      const end = this.#idleEnd(resident)
      if (end !== undefined && end <= now) this.#stop(resident, 'ttl', false)
    }
  }

  // When the time to live ends, as long as nobody comes.
  #idleEnd (resident: Resident): number | undefined {
    const ttl = this.#models.get(resident.model)?.ttl ?? 0
    if (ttl === 0 || resident.state !== 'ready' || resident.leases > 0 || this.#queue.of(resident.model).length > 0) return undefined
    return resident.idleSince + ttl
  }

  #scheduleWake (): void {
    let next: number | undefined
    for (const resident of this.#residents.values()) next = earlier(next, this.#idleEnd(resident))
    for (const { expiresAt } of this.#queue.all()) next = earlier(next, expiresAt)
    if (next === undefined || next === this.#wakeAt) return
    this.#wakeAt = next
    this.#effects.push({ type: 'wakeAt', at: next })
  }

  #residentsOf (model: string): Resident[] {
    return [...this.#residents.values()].filter((resident) => resident.model === model)
  }

  #isCurrent ({ model, generation }: Subject): boolean {
    return this.#models.get(model)?.generation === generation
  }

  #lastTicket (model: string): number {
    return this.#queue.of(model).reduce((last: number, { ticket }: Waiter) => Math.max(last, ticket), -1)
  }
}

function keyOf ({ model, generation }: Subject): string {
  return `${generation}:${model}`
}

function isEnding ({ state }: Resident): boolean {
  return state === 'stopping' || state === 'stuck'
}

function earlier (a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}
