import type { Cause } from '../../types/events.ts'
import type { Subject } from './messages.ts'

/** A model that holds room: from the decision to start it until it is gone. */
export interface Resident extends Subject {
  state: 'starting' | 'ready' | 'stopping' | 'stuck'
  /** Requests being served. */
  leases: number
  /** When it became ready, or its last lease ended. */
  idleSince: number
  /** Set by an unload that waits for leases: tickets from this number on wait for the next start. */
  unloadBefore: number | undefined
}

export function createResident (subject: Subject, now: number): Resident {
  return { model: subject.model, generation: subject.generation, state: 'starting', leases: 0, idleSince: now, unloadBefore: undefined }
}

const EVICTED_BY = 'evicted by '

/** Why a resident has to go for a waiter's model. */
export function evictedBy (model: string): Cause {
  return `${EVICTED_BY}${model}`
}

/** The model that a stop was for, if it was for one. */
export function evictorIn (cause: Cause): string | undefined {
  return cause.startsWith(EVICTED_BY) ? cause.slice(EVICTED_BY.length) : undefined
}
