import { grantLine } from './admission.ts'
import type { Kind } from './kind.ts'
import type { Obstacles } from './obstacles.ts'
import type { Line } from './queue.ts'
import { createResident, evictedBy } from './resident.ts'
import type { Resident } from './resident.ts'
import type { State } from './state.ts'

/**
 * Looks at those who wait for room in their order and begins each swap that can begin now. A waiter that has waited too long binds those after it:
 * what it needs gone is closed to them, and nothing that excludes its model is begun.
 */
export function serveWaiters (state: State, now: number): void {
  const closed = state.barred.map((resident) => ({ resident, from: resident.barredFrom }))
  for (const { resident } of closed) resident.barredFrom = Infinity
  state.barred = []
  if (state.queue.heads.length > 0) planAll(state, now)
  for (const { resident, from } of closed) if (resident.barredFrom > from) grantLine(state, resident, now)
}

function planAll (state: State, now: number): void {
  const { obstacles, pending, stuck, coolDowns, queue: { heads } } = state
  obstacles.clear((resident) => canGo(state, resident, now))
  for (const { model } of pending) obstacles.awaits(model)
  const anyFailed = stuck.size > 0 || coolDowns.anyAt(now)
  for (let index = 0; index < heads.length;) {
    // The rest could only hear of failures.
    if (obstacles.excludesAll && !anyFailed) return
    const line = heads[index]!
    if (!anyFailed || !turnAway(state, line, now)) plan(state, line, obstacles, now)
    // Begun or turned away, it is not there any more; who is next in its class has a place behind it.
    if (heads[index] === line) index++
  }
}

// Whether nobody can have this model for now, and those who wait for it are told so.
function turnAway (state: State, { model }: Line<Kind>, now: number): boolean {
  const cooling = state.coolDowns.of(model, now)
  const stuck = state.stuck.size > 0 ? evictionsFor(state, model).find((resident) => resident.state === 'stuck') : undefined
  if (cooling !== undefined) state.rejectLine(model, { coolingDown: cooling.error, ms: cooling.ms })
  else if (stuck !== undefined) state.rejectLine(model, { stuck: stuck.model })
  return cooling !== undefined || stuck !== undefined
}

// Begins the swap to a line's model, or sees to it that it is looked at again.
function plan (state: State, line: Line<Kind>, obstacles: Obstacles, now: number): void {
  const { model, kind } = line
  const { maxWait } = state.options.order
  const first = line.waiters[0]!
  const isLate = now >= first.since + maxWait
  if (obstacles.excludes(kind)) {
    // Another one's turn comes first; after that it is looked at again.
    if (isLate) obstacles.binds(kind)
    return
  }
  if (!obstacles.blocks(kind)) {
    const evictions = obstacles.evictions(model, kind)
    if (canAllGo(state, evictions, now)) return begin(state, model, evictions, obstacles, now)
  }
  if (isLate) {
    obstacles.binds(kind)
    for (const resident of obstacles.evictions(model, kind)) bar(state, resident, first.key)
  } else if (maxWait !== Infinity) watch(state, line, first.since + maxWait)
}

function watch (state: State, line: Line<Kind>, at: number): void {
  if (line.watchedAt === at) return
  line.watchedAt = at
  state.agenda.push({ at, type: 'plan' })
}

/** What must be gone before a model that holds no room can start. */
export function evictionsFor ({ options, residents }: State, model: string): readonly Resident[] {
  return options.policy.evictions(model, residents.values())
}

function canAllGo (state: State, residents: readonly Resident[], now: number): boolean {
  return residents.every((resident) => canGo(state, resident, now))
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
  for (const other of state.pending) if (other.waitsFor.has(resident)) return true
  return false
}

function begin (state: State, model: string, evictions: readonly Resident[], obstacles: Obstacles, now: number): void {
  const resident = createResident({ model, generation: state.options.models.get(model)!.generation })
  for (const eviction of evictions) {
    if (eviction.state !== 'stopping') resident.evicted.push(eviction.model)
    state.stop(eviction, evictedBy(model))
    resident.waitsFor.add(eviction)
  }
  state.add(resident)
  if (evictions.length === 0) start(state, resident, now)
  else obstacles.awaits(model)
  obstacles.comes(resident)
  for (const eviction of evictions) if (!canGo(state, eviction, now)) obstacles.stays(eviction)
}

/** What waited for the end of a resident waits no more, and starts if that was all. */
export function startPending (state: State, gone: Resident, now: number): void {
  for (const resident of state.pending) {
    if (resident.waitsFor.delete(gone) && resident.waitsFor.size === 0) start(state, resident, now)
  }
}

function start (state: State, resident: Resident, now: number): void {
  const { model, generation, evicted } = resident
  state.pending.delete(resident)
  resident.state = 'starting'
  resident.startedAt = now
  state.effects.push({ type: 'start', model, generation, cause: state.queue.of(model)[0]!.cause, evicted })
}

function bar (state: State, resident: Resident, key: number): void {
  if (resident.barredFrom === Infinity) state.barred.push(resident)
  resident.barredFrom = Math.min(resident.barredFrom, key)
}
