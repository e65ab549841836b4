import { grantLine } from './admission.ts'
import type { SchedulerEvent, Subject } from './messages.ts'
import { isEnding, keyOf } from './resident.ts'
import type { Resident } from './resident.ts'
import type { State } from './state.ts'
import { startPending } from './swaps.ts'
import { watchIdle } from './time-to-live.ts'

export function ready (state: State, subject: Subject, now: number): void {
  const resident = state.residents.get(keyOf(subject))
  if (resident?.state !== 'starting') return
  const took = now - resident.startedAt
  resident.state = 'ready'
  resident.idleSince = now
  state.times.loaded(subject.model, took)
  state.coolDowns.ready(subject.model, now)
  // Whoever has waited for this load shares it.
  resident.barredFrom = Infinity
  grantLine(state, resident, now)
  // Whoever waits by now must let it be worth its load; who comes later and finds it idle need not.
  if (state.queue.size > 0) hold(state, resident, now + state.options.order.residency(took))
  watchIdle(state, resident)
  state.changed = true
}

function hold (state: State, resident: Resident, until: number): void {
  resident.heldUntil = until
  state.agenda.push({ at: until, type: 'plan' })
}

export function failed (state: State, { error, stuck = false, ...subject }: SchedulerEvent & { type: 'failed' }, now: number): void {
  const resident = state.residents.get(keyOf(subject))
  if (resident?.state !== 'starting') return
  if (state.isCurrent(subject)) {
    state.coolDowns.failed(subject.model, error, now)
    state.rejectLine(subject.model, { error })
  }
  if (stuck) setStuck(state, resident)
  else gone(state, resident, now)
}

export function crashed (state: State, { error, ...subject }: SchedulerEvent & { type: 'crashed' }, now: number): void {
  const resident = state.residents.get(keyOf(subject))
  if (resident === undefined) return
  resident.state = 'stopping'
  if (state.isCurrent(subject)) state.coolDowns.crashed(subject.model, error, now)
}

export function stopped (state: State, subject: Subject, now: number): void {
  const resident = state.residents.get(keyOf(subject))
  if (resident !== undefined) gone(state, resident, now)
}

export function stuck (state: State, subject: Subject): void {
  const resident = state.residents.get(keyOf(subject))
  if (resident !== undefined) setStuck(state, resident)
}

// Who wants it, or was to have its room, hears of it; the rest finds out when it is looked at.
function setStuck (state: State, resident: Resident): void {
  resident.state = 'stuck'
  state.stuck.add(resident)
  state.rejectLine(resident.model, { stuck: resident.model })
  for (const other of [...state.pending]) {
    if (!other.waitsFor.has(resident)) continue
    state.rejectLine(other.model, { stuck: resident.model })
    state.remove(other)
  }
  state.changed = true
}

function gone (state: State, resident: Resident, now: number): void {
  state.remove(resident)
  startPending(state, resident, now)
}

/** Stops a model once nobody uses it or waits for it from before; by force at once. */
export function unload (state: State, model: string, force: boolean): void {
  for (const resident of state.residentsOf(model)) {
    if (isEnding(resident)) continue
    if (force) state.stop(resident, 'unload', true)
    else {
      // Asked again, those who wait for the next start go on doing so.
      resident.unloadBefore ??= state.queue.of(model).reduce((last, { ticket }) => Math.max(last, ticket), -1) + 1
      state.over.add(resident)
    }
  }
  if (force) state.rejectLine(model, 'unloaded')
  state.changed = true
}

/** Stops what is over: unloaded models that nobody uses any more, and servers of older generations. */
export function endOver (state: State): void {
  for (const resident of [...state.over]) {
    if (isEnding(resident) || resident.leases > 0) continue
    const { unloadBefore, model } = resident
    if (!state.isCurrent(resident)) state.stop(resident, 'reload')
    else if (unloadBefore !== undefined && !state.queue.of(model).some(({ ticket }) => ticket < unloadBefore)) state.stop(resident, 'unload')
  }
}
