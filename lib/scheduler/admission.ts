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
  for (const stuck of state.stuck) if (stuck.model === model) return state.reject(ticket, { stuck: model })
  if (override === true) state.coolDowns.override(model)
  const cooling = resident === undefined ? state.coolDowns.of(model, now) : undefined
  if (cooling !== undefined) return state.reject(ticket, { coolingDown: cooling.error, ms: cooling.ms })
  if (queue.size >= options.maxQueue) return state.reject(ticket, queueFull(state, now))
  queue.add({ ticket, model, key, since: now, cause })
  if (deadline !== undefined) state.agenda.push({ at: now + deadline, type: 'deadline', ticket })
}

/** Whether a request with this place may use a resident now. */
export function isOpen (resident: Resident, ticket: number, key: number, now: number): boolean {
  if (resident.state !== 'ready') return false
  if (resident.unloadBefore !== undefined && ticket >= resident.unloadBefore) return false
  return key < resident.barredFrom || now < resident.heldUntil
}

/** Lends a ready server to all that wait for it and may use it. */
export function grantLine (state: State, resident: Resident, now: number): void {
  const first = state.queue.of(resident.model)[0]
  if (first === undefined || resident.state !== 'ready' || !state.isCurrent(resident)) return
  // Closed to the first, it is closed to all.
  if (first.key >= resident.barredFrom && now >= resident.heldUntil) return
  for (const { ticket } of state.queue.take(resident.model, ({ ticket, key }) => isOpen(resident, ticket, key, now))) state.grant(ticket, resident, now)
}

/** A waiter leaves. */
export function cancel (state: State, ticket: number): void {
  const waiter = state.queue.get(ticket)
  if (waiter === undefined) return
  state.queue.remove(ticket)
  if (state.queue.line(waiter.model) !== undefined) return
  const resident = state.current.get(waiter.model)
  // Its load is not held against others any more.
  if (resident?.state === 'starting') state.changed = true
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
  if (state.queue.heads.length > 0 || state.over.has(resident)) state.changed = true
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
