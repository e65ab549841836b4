import type { Cause } from '../../types/events.ts'
import type { Order } from './order.ts'
import type { Policy } from './policy.ts'

/** A model in one of its generations: a reload that changes a model begins a new one, which waits for the old to be gone. */
export interface Subject {
  readonly model: string
  readonly generation: number
}

/** What the scheduler knows of a configured model. */
export interface Terms {
  readonly generation: number
  /** Idle milliseconds until it is stopped; 0 never. */
  readonly ttl: number
  /** Added to the priority of each of its requests. */
  readonly priority: number
  /** How many of its requests may wait or be served at a time; 0 is no limit. */
  readonly limit: number
}

export interface SchedulerOptions {
  readonly models: ReadonlyMap<string, Terms>
  readonly policy: Policy
  readonly order: Order
  /** How many requests may wait in all. */
  readonly maxQueue: number
}

/** What the scheduler is told. */
export type SchedulerEvent =
  | { readonly type: 'request', readonly ticket: number, readonly model: string, readonly priority: number, readonly deadline: number | undefined, readonly cause: Cause, readonly override?: boolean }
  | { readonly type: 'cancel', readonly ticket: number }
  | { readonly type: 'released', readonly ticket: number }
  | Subject & { readonly type: 'ready' }
  /** A start failed and was cleared away; `stuck` when that could not be done. */
  | Subject & { readonly type: 'failed', readonly error: Error, readonly stuck?: boolean }
  | Subject & { readonly type: 'crashed', readonly error: Error }
  | Subject & { readonly type: 'stopped' }
  /** It cannot be killed: it keeps its room until `stopped` comes after all. */
  | Subject & { readonly type: 'stuck' }
  | { readonly type: 'unload', readonly model: string, readonly force: boolean }
  /** Other options from now on. Servers of other generations end with their last leases; their models' waiters wait for the new ones. */
  | { readonly type: 'reconfigured', readonly options: SchedulerOptions }
  | { readonly type: 'drain' }
  | { readonly type: 'shutdown' }
  | { readonly type: 'tick' }

export type Rejection =
  | 'unknown' | 'deadline' | 'unloaded' | 'closing'
  /** So many requests wait in all; in `ms` the next is likely to be served. */
  | { readonly queueFull: number, readonly ms: number }
  /** So many of this model wait or are served. */
  | { readonly limit: number, readonly ms: number }
  | { readonly error: Error }
  | { readonly coolingDown: Error, readonly ms: number }
  | { readonly stuck: string }

/** What the scheduler wants done. */
export type Effect =
  | Subject & { readonly type: 'start', readonly cause: Cause, readonly evicted: readonly string[] }
  | Subject & { readonly type: 'stop', readonly cause: Cause, readonly force: boolean }
  | Subject & { readonly type: 'grant', readonly ticket: number }
  | { readonly type: 'reject', readonly ticket: number, readonly why: Rejection }
  /** Send a `tick` at this time; replaces the one asked for before. */
  | { readonly type: 'wakeAt', readonly at: number }
