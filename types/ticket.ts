import type { Lease } from './lease.ts'
import type { ModelState } from './status.ts'

/** What a waiter may be told while it waits. */
export interface Progress {
  /** 1 for the next to be served. */
  readonly position: number
  readonly state: ModelState
  /** What its model waits for, in words such as `waits for qwen to finish 2 requests`. */
  readonly reason: string
  /** Milliseconds since the request. */
  readonly elapsed: number
}

/** A request's place in the scheduler. */
export interface Ticket {
  readonly model: string
  /** Already a lease when the model is ready; otherwise the promise of one. The promise rejects with a `LlamaSwapError`. */
  readonly lease: Lease | Promise<Lease>
  /** Whether it waits no more: it was granted, refused or cancelled. */
  readonly settled: boolean
  /** How things stand now. Of a ticket that is settled it means nothing. */
  progress (): Progress
  /** Calls the listener whenever the model's state changes. Returns what ends it. */
  onProgress (listener: (progress: Progress) => void): () => void
  /** Leaves the queue, or gives back the lease if it was granted already. */
  cancel (reason?: Error): void
}

export interface RequestOptions {
  /** Leaves the queue when it aborts. */
  signal?: AbortSignal
  /** A higher number is served before a lower one. Default 0. */
  priority?: number
  /** Milliseconds that the request may wait for its server. Default: no limit of its own. */
  deadline?: number
}
