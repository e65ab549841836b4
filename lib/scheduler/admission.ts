import type { Rejection, SchedulerEvent } from './messages.ts'
import type { Resident } from './resident.ts'
import type { State } from './state.ts'
import { watchIdle } from './time-to-live.ts'

/** A request comes: it is granted at once, waits, or is turned away. */
export function request (state: State, { ticket, model, priority, deadline, cause, override }: SchedulerEvent & { type: 'request' }, now: number): void {
  const { queue, options, current } = state
  const terms = options.models.get(model)
  if (state.phase !== 'open') return state.reject(ticket, 'closing')
  if (terms === undefined) return state.reject(ticket, 'unknown')
  const resident = current.get(model)
  const waiting = queue.of(model)
  if (terms.limit > 0 && waiting.length + (resident?.leases ?? 0) >= terms.limit) return state.reject(ticket, { limit: terms.limit, ms: nextEnd(state, model, now) })
  const key = options.order.key(now, priority + terms.priority)
  if (resident !== undefined && isOpen(resident, ticket, key, now) && (waiting.length === 0 || key < waiting[0]!.key)) return state.grant(ticket, resident, now)
  if (queue.size >= options.maxQueue) return state.reject(ticket, queueFull(state, now))
  if (override === true) state.coolDowns.override(model)
  const isFirst = queue.add({ ticket, model, key, since: now, cause })
  if (deadline !== undefined) state.agenda.push({ at: now + deadline, type: 'deadline', ticket })
  if (isFirst) state.changed = true
}

/** Whether a request with this place may use a resident now. */
export function isOpen (resident: Resident, ticket: number, key: number, now: number): boolean {
  if (resident.state !== 'ready') return false
  if (resident.unloadBefore !== undefined && ticket >= resident.unloadBefore) return false
  return key < resident.barredFrom || now < resident.heldUntil
}

/** Lends a ready server to all that wait for it and may use it. */
export function grantLine (state: State, resident: Resident, now: number): void {
  if (resident.state !== 'ready' || !state.isCurrent(resident)) return
  for (const { ticket, key } of [...state.queue.of(resident.model)]) {
    if (!isOpen(resident, ticket, key, now)) continue
    state.queue.remove(ticket)
    state.grant(ticket, resident, now)
  }
}

/** A waiter leaves. */
export function cancel (state: State, ticket: number): void {
  const waiter = state.queue.get(ticket)
  if (waiter === undefined) return
  if (state.queue.of(waiter.model)[0] === waiter) state.changed = true
  state.queue.remove(ticket)
  if (state.queue.line(waiter.model) !== undefined) return
  const resident = state.current.get(waiter.model)
  // Nothing has been started for it: nothing is.
  if (resident?.state === 'pending') state.remove(resident)
  if (resident !== undefined) watchIdle(state, resident)
}

/** A lease ends. */
export function release (state: State, ticket: number, now: number): void {
  const lease = state.leases.get(ticket)
  if (lease === undefined) return
  const { resident, since } = lease
  state.leases.delete(ticket)
  state.times.served(resident.model, now - since)
  if (--resident.leases > 0) return
  resident.idleSince = now
  watchIdle(state, resident)
  if (state.queue.size > 0 || state.over.has(resident)) state.changed = true
}

function queueFull (state: State, now: number): Rejection {
  let ms = Infinity
  for (const model of state.current.keys()) ms = Math.min(ms, nextEnd(state, model, now))
  return { queueFull: state.options.maxQueue, ms: Number.isFinite(ms) ? ms : 1000 }
}

function nextEnd (state: State, model: string, now: number): number {
  const resident = state.current.get(model)
  return state.times.nextEnd(model, resident?.leases ?? 0, resident?.state === 'starting' ? now - resident.startedAt : resident?.state === 'ready' ? undefined : 0)
}
