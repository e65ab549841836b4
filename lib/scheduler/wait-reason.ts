import type { Resident } from './resident.ts'
import type { State } from './state.ts'
import { evictionsFor } from './swaps.ts'

/** What the waiters of a model wait for, in words; undefined when nobody waits. Made when somebody reads it. */
export function waitReason (state: State, model: string, now: number): string | undefined {
  if (state.queue.line(model) === undefined) return undefined
  const resident = state.current.get(model)
  if (resident !== undefined) return ownReason(resident)
  const older = state.residentsOf(model)
  const evictions = older.length > 0 ? older : evictionsFor(state, model)
  const busy = evictions.find(({ leases }) => leases > 0)
  if (busy !== undefined) return `waits for ${busy.model} to finish ${busy.leases} ${busy.leases === 1 ? 'request' : 'requests'}`
  const loading = evictions.find((other) => other.state === 'pending' || other.state === 'starting')
  if (loading !== undefined) return `waits for ${loading.model}, which is asked for earlier`
  const held = evictions.find(({ heldUntil }) => heldUntil > now)
  if (held !== undefined) return `waits for ${held.model}, which was only just loaded`
  return 'waits for its turn'
}

function ownReason ({ state, waitsFor, barredFrom }: Resident): string {
  switch (state) {
    case 'pending': return `waits for ${[...waitsFor].map(({ model }) => model).join(', ')} to stop`
    case 'starting': return 'is loading'
    case 'stopping': return 'waits for its last server to stop'
    default: return barredFrom === Infinity ? 'waits for its turn' : 'waits for a model that has waited longer'
  }
}
