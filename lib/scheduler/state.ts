import type { Cause } from '../../types/events.ts'
import { Agenda } from './agenda.ts'
import { CoolDowns } from './cool-down.ts'
import type { Kind } from './kind.ts'
import type { Effect, Rejection, SchedulerOptions, Subject } from './messages.ts'
import { Obstacles } from './obstacles.ts'
import { Queue } from './queue.ts'
import { isEnding, keyOf } from './resident.ts'
import type { Resident } from './resident.ts'
import { MeasuredTimes } from './times.ts'

interface Lease {
  readonly resident: Resident
  readonly since: number
}

/** All that a scheduler knows, and the few things that every part of it does. */
export class State {
  options: SchedulerOptions
  obstacles: Obstacles
  phase: 'open' | 'draining' | 'closed' = 'open'
  /** By generation and model. */
  readonly residents = new Map<string, Resident>()
  /** Those that wait until others are gone. */
  readonly pending = new Set<Resident>()
  /** Those that cannot be killed. */
  readonly stuck = new Set<Resident>()
  /** The residents of their models' present generations, by model. */
  readonly current = new Map<string, Resident>()
  /** By ticket. */
  readonly leases = new Map<number, Lease>()
  readonly queue: Queue<Kind>
  readonly agenda = new Agenda()
  readonly coolDowns = new CoolDowns()
  readonly times = new MeasuredTimes()
  /** Residents closed to those who come after a waiter that has waited too long. */
  barred: Resident[] = []
  /** Residents to be stopped as soon as nobody uses them: unloaded, or of an older generation. */
  readonly over = new Set<Resident>()
  /** Whether something has changed that may let a waiter go on. */
  changed = false
  effects: Effect[] = []

  constructor (options: SchedulerOptions) {
    this.options = options
    this.obstacles = new Obstacles(options.policy, this.residents)
    this.queue = new Queue(options.policy.kind)
  }

  isCurrent ({ model, generation }: Subject): boolean {
    return this.options.models.get(model)?.generation === generation
  }

  add (resident: Resident): void {
    this.residents.set(keyOf(resident), resident)
    if (resident.state === 'pending') this.pending.add(resident)
    if (this.isCurrent(resident)) this.current.set(resident.model, resident)
    this.queue.house(resident.model)
  }

  remove (resident: Resident): void {
    this.residents.delete(keyOf(resident))
    this.pending.delete(resident)
    this.stuck.delete(resident)
    this.over.delete(resident)
    if (this.current.get(resident.model) === resident) this.current.delete(resident.model)
    this.queue.vacate(resident.model)
    this.changed = true
  }

  residentsOf (model: string): Resident[] {
    return [...this.residents.values()].filter((resident) => resident.model === model)
  }

  grant (ticket: number, resident: Resident, now: number): void {
    this.leases.set(ticket, { resident, since: now })
    resident.leases++
    this.effects.push({ type: 'grant', ticket, model: resident.model, generation: resident.generation })
  }

  reject (ticket: number, why: Rejection): void {
    this.effects.push({ type: 'reject', ticket, why })
  }

  /** Turns away all that wait for a model. */
  rejectLine (model: string, why: Rejection): void {
    for (const { ticket } of this.queue.take(model)) this.reject(ticket, why)
  }

  /** Stops a server; of one that was only meant to be started, nothing is left. */
  stop (resident: Resident, cause: Cause, force = false): void {
    if (isEnding(resident)) return
    if (resident.state === 'pending') return this.remove(resident)
    resident.state = 'stopping'
    this.effects.push({ type: 'stop', model: resident.model, generation: resident.generation, cause, force })
  }
}
