import { cancel, grantLine, release, request } from './admission.ts'
import type { Effect, SchedulerEvent, SchedulerOptions, Subject } from './messages.ts'
import { Obstacles } from './obstacles.ts'
import { crashed, endOver, failed, ready, stopped, stuck, unload } from './residency.ts'
import { keyOf } from './resident.ts'
import { State } from './state.ts'
import { serveWaiters } from './swaps.ts'
import { expire, watchIdle } from './time-to-live.ts'
import { waitReason } from './wait-reason.ts'

/**
 * Who runs next. A pure state machine: events in, each with the time; effects out. It does no I/O, has no clock,
 * and for the same events gives the same effects. Owns the leases, the queue and the time to live.
 */
export class Scheduler {
  readonly #state: State
  #wakeAt: number | undefined

  constructor (options: SchedulerOptions) {
    this.#state = new State(options)
  }

  /** Takes one event and returns what is to be done, in order. */
  handle (event: SchedulerEvent, now: number): readonly Effect[] {
    const state = this.#state
    state.effects = []
    this.#take(event, now)
    this.#takeDue(now)
    if (state.changed || state.queue.moved) this.#settle(now)
    this.#scheduleWake()
    return state.effects
  }

  leases ({ model, generation }: Subject): number { return this.#state.residents.get(keyOf({ model, generation }))?.leases ?? 0 }
  get leased (): number { return this.#state.leases.size }
  get accepting (): boolean { return this.#state.phase === 'open' }
  waiting (model: string): number { return this.#state.queue.of(model).length }
  /** 1 for the first of all that wait. */
  position (ticket: number): number { return this.#state.queue.position(ticket) }
  /** What the first waiter of a model waits for, in words. */
  waitReason (model: string, now: number): string | undefined { return waitReason(this.#state, model, now) }
  /** Whether a model holds room in any of its generations. */
  isResident (model: string): boolean { return this.#state.queue.isHoused(model) }
  holdsRoom (subject: Subject): boolean { return this.#state.residents.has(keyOf(subject)) }

  #take (event: SchedulerEvent, now: number): void {
    const state = this.#state
    switch (event.type) {
      case 'request': return request(state, event, now)
      case 'cancel': return cancel(state, event.ticket)
      case 'released': return release(state, event.ticket, now)
      case 'ready': return ready(state, event, now)
      case 'failed': return failed(state, event, now)
      case 'crashed': return crashed(state, event, now)
      case 'stuck': return stuck(state, event)
      case 'stopped': return stopped(state, event, now)
      case 'unload': return unload(state, event.model, event.force)
      case 'reconfigured': return this.#reconfigure(event.options, now)
      case 'drain': return this.#close('draining')
      case 'shutdown': return this.#shutdown()
      case 'tick': this.#wakeAt = undefined
    }
  }

  // What follows from the state, whatever event has changed it.
  #settle (now: number): void {
    const state = this.#state
    if (state.phase !== 'closed') {
      endOver(state)
      serveWaiters(state, now)
    }
    state.changed = state.queue.moved = false
  }

  #reconfigure (options: SchedulerOptions, now: number): void {
    const state = this.#state
    for (const [model, { generation }] of state.options.models) if (options.models.get(model)?.generation !== generation) state.coolDowns.forget(model)
    state.options = options
    state.obstacles = new Obstacles(options.policy, state.residents)
    state.current.clear()
    for (const resident of state.residents.values()) {
      if (!state.isCurrent(resident)) {
        state.over.add(resident)
        continue
      }
      // A change may be taken back.
      if (resident.unloadBefore === undefined) state.over.delete(resident)
      state.current.set(resident.model, resident)
      grantLine(state, resident, now)
      // Its time to live may be a shorter one now.
      resident.watchedAt = undefined
      watchIdle(state, resident)
    }
    for (const { model } of state.queue.lines) if (!options.models.has(model)) state.rejectLine(model, 'unknown')
    state.queue.reclassify(options.policy.kind)
    state.changed = true
  }

  #close (phase: 'draining' | 'closed'): void {
    const state = this.#state
    state.phase = phase
    for (const { model } of state.queue.lines) state.rejectLine(model, 'closing')
    for (const resident of [...state.residents.values()]) if (resident.state === 'pending') state.remove(resident)
  }

  #shutdown (): void {
    this.#close('closed')
    for (const resident of [...this.#state.residents.values()]) this.#state.stop(resident, 'close', true)
  }

  #takeDue (now: number): void {
    const state = this.#state
    for (let due = state.agenda.take(now); due !== undefined; due = state.agenda.take(now)) {
      if (due.type === 'idle') expire(state, due, now)
      else if (due.type === 'plan') state.changed = true
      else if (state.queue.has(due.ticket)) {
        cancel(state, due.ticket)
        state.reject(due.ticket, 'deadline')
      }
    }
  }

  #scheduleWake (): void {
    const { agenda, phase, effects } = this.#state
    const { next } = agenda
    if (next === undefined || next === this.#wakeAt || phase === 'closed') return
    this.#wakeAt = next
    effects.push({ type: 'wakeAt', at: next })
  }
}
