import type { Line } from './queue.ts'
import { grantLine } from './admission.ts'
import { createResident, evictedBy } from './resident.ts'
import type { Resident } from './resident.ts'
import type { State } from './state.ts'

/**
 * Looks at the waiters in their order and does for each what can be done now: lends what is ready, begins swaps whose evictions are idle.
 * A waiter that has waited too long binds those after it: what it needs gone is closed to them, and nothing that excludes its model is begun.
 */
export function serveWaiters (state: State, now: number): void {
  const { queue, current } = state
  const closed = state.barred
  for (const resident of closed) resident.barredFrom = Infinity
  state.barred = []
  const bound: string[] = []
  const seen = new Set<string>()
  for (let index = 0; index < queue.lines.length && seen.size < queue.kinds;) {
    const line = queue.lines[index]!
    const resident = current.get(line.model)
    if (resident === undefined) {
      // Of each class only the first can be next.
      if (!seen.has(line.kind)) plan(state, line, bound, now)
    } else if (resident.state === 'ready') {
      grantLine(state, resident, now)
    } else if (resident.state === 'stuck') {
      state.rejectLine(line.model, { stuck: line.model })
    }
    // Served or turned away, it is not there any more, and the next one has its place.
    if (queue.lines[index] !== line) continue
    seen.add(line.kind)
    index++
  }
  for (const resident of closed) grantLine(state, resident, now)
}

// Begins the swap to a line's model, or sees to it that it is looked at again.
function plan (state: State, line: Line, bound: string[], now: number): void {
  const { model, waiters: [first] } = line
  const { order } = state.options
  const cooling = state.coolDowns.of(model, now)
  if (cooling !== undefined) return state.rejectLine(model, { coolingDown: cooling.error, ms: cooling.ms })
  const evictions = evictionsFor(state, model)
  const stuck = evictions.find((resident) => resident.state === 'stuck')
  if (stuck !== undefined) return state.rejectLine(model, { stuck: stuck.model })
  const isFree = evictions.every((resident) => canGo(state, resident, now)) && !isExcluded(state, model, bound)
  if (isFree) return begin(state, model, evictions, now)
  const bindsAt = first!.since + order.maxWait
  if (now >= bindsAt) {
    bound.push(model)
    for (const resident of evictions) bar(state, resident, first!.key)
  } else if (line.watchedAt !== bindsAt && bindsAt !== Infinity) {
    line.watchedAt = bindsAt
    state.agenda.push({ at: bindsAt, type: 'plan' })
  }
}

/** What must be gone before a model can start: its own older generations, and what the policy names. */
export function evictionsFor (state: State, model: string): readonly Resident[] {
  const others: Resident[] = []
  const older: Resident[] = []
  for (const resident of state.residents.values()) (resident.model === model ? older : others).push(resident)
  return [...older, ...state.options.policy.evictions(model, others)]
}

// Idle, with its time behind it; or being stopped anyway. A load that somebody waits for is not given up.
function canGo (state: State, resident: Resident, now: number): boolean {
  switch (resident.state) {
    case 'ready': return resident.leases === 0 && resident.heldUntil <= now
    case 'starting': return state.queue.line(resident.model) === undefined
    case 'stopping': return state.options.order.sharesEvictions || !isWantedGone(state, resident)
    default: return false
  }
}

function isWantedGone (state: State, resident: Resident): boolean {
  for (const other of state.residents.values()) if (other.waitsFor.has(resident)) return true
  return false
}

// Whether a model would be in the way of one that is about to start, or that has waited too long.
function isExcluded (state: State, model: string, bound: readonly string[]): boolean {
  const { policy } = state.options
  const excludes = (one: string, other: string): boolean => policy.evictions(one, [createResident({ model: other, generation: 0 })]).length > 0
  for (const resident of state.residents.values()) if (resident.state === 'pending' && excludes(resident.model, model)) return true
  return bound.some((earlier) => excludes(earlier, model) || excludes(model, earlier))
}

function begin (state: State, model: string, evictions: readonly Resident[], now: number): void {
  const resident = createResident({ model, generation: state.options.models.get(model)!.generation })
  for (const eviction of evictions) {
    if (eviction.state !== 'stopping') resident.evicted.push(eviction.model)
    state.stop(eviction, evictedBy(model))
    resident.waitsFor.add(eviction)
  }
  state.add(resident)
  if (evictions.length === 0) start(state, resident, now)
}

/** What waited for the end of a resident waits no more, and starts if that was all. */
export function startPending (state: State, gone: Resident, now: number): void {
  for (const resident of [...state.residents.values()]) {
    if (resident.waitsFor.delete(gone) && resident.waitsFor.size === 0) start(state, resident, now)
  }
}

function start (state: State, resident: Resident, now: number): void {
  const { model, generation, evicted } = resident
  resident.state = 'starting'
  resident.startedAt = now
  state.effects.push({ type: 'start', model, generation, cause: state.queue.of(model)[0]!.cause, evicted })
}

function bar (state: State, resident: Resident, key: number): void {
  if (resident.barredFrom === Infinity) state.barred.push(resident)
  resident.barredFrom = Math.min(resident.barredFrom, key)
}
