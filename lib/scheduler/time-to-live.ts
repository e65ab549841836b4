import { keyOf } from './resident.ts'
import type { Resident } from './resident.ts'
import type { State } from './state.ts'

/** Sees to it that the end of an idle model's time to live is noticed. */
export function watchIdle (state: State, resident: Resident): void {
  const end = idleEnd(state, resident)
  if (end === undefined || resident.watchedAt !== undefined) return
  resident.watchedAt = end
  state.agenda.push({ at: end, type: 'idle', key: keyOf(resident) })
}

/** The watched end of a time to live has come: the model is stopped, unless it was used since. */
export function expire (state: State, { key, at }: { key: string, at: number }, now: number): void {
  const resident = state.residents.get(key)
  // That of an earlier life, or of another time to live.
  if (resident?.watchedAt !== at) return
  resident.watchedAt = undefined
  const end = idleEnd(state, resident)
  if (end !== undefined && end <= now) state.stop(resident, 'ttl')
  else watchIdle(state, resident)
}

// When the time to live ends, as long as nobody comes.
function idleEnd (state: State, resident: Resident): number | undefined {
  const ttl = state.options.models.get(resident.model)?.ttl ?? 0
  if (ttl === 0 || resident.state !== 'ready' || resident.leases > 0 || state.queue.line(resident.model) !== undefined) return undefined
  return resident.idleSince + ttl
}
