import type { Pool } from 'undici'
import type { Endpoint, Handle } from '../../types/launcher.ts'

/** One run of a model's server, from its start to its end. */
export interface Run {
  readonly handle: Handle
  /** Aborts when the server has died or must die under its leases; the reason is the error for those. */
  readonly lifetime: AbortController
  endpoint?: Endpoint
  pool?: Pool
  /** Those of earlier `timeouts`: what is under way ends on them. */
  readonly formerPools: Pool[]
}

/** A run that is ready. */
export interface ReadyRun extends Run {
  endpoint: Endpoint
  pool: Pool
}
