import type { Cause } from '../../types/events.ts'
import type { Subject } from './messages.ts'

/** A model that holds room, from the decision to load it until it is gone. */
export interface Resident extends Subject {
  /** `pending` until all that must go for it is gone. */
  state: 'pending' | 'starting' | 'ready' | 'stopping' | 'stuck'
  /** What must still go for it. Empty unless pending. */
  readonly waitsFor: Set<Resident>
  /** The models stopped for it. */
  readonly evicted: string[]
  /** Requests being served. */
  leases: number
  startedAt: number
  /** When it became ready, or its last lease ended. */
  idleSince: number
  /** Until then it keeps its place. */
  heldUntil: number
  /** The place of the first waiter that has waited too long for this room: who comes after it waits behind it. */
  barredFrom: number
  /** Set by an unload that waits for leases: tickets from this number on wait for the next start. */
  unloadBefore: number | undefined
  /** Where the agenda holds the end of its time to live. */
  watchedAt: number | undefined
}

export function createResident ({ model, generation }: Subject): Resident {
  return {
    model,
    generation,
    state: 'pending',
    waitsFor: new Set(),
    evicted: [],
    leases: 0,
    startedAt: 0,
    idleSince: 0,
    heldUntil: 0,
    barredFrom: Infinity,
    unloadBefore: undefined,
    watchedAt: undefined
  }
}

export function keyOf ({ model, generation }: Subject): string {
  return `${generation}:${model}`
}

/** On its way out, or never to be had. */
export function isEnding ({ state }: Resident): boolean {
  return state === 'stopping' || state === 'stuck'
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
