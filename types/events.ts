import type { ModelState } from './status.ts'

/** Why a model changed its state. `evicted by X` names the model that needed the room. */
export type Cause = 'request' | 'preload' | 'ttl' | `evicted by ${string}` | 'unload' | 'crash' | 'failure' | 'reload' | 'close'

export interface StateEvent {
  readonly model: string
  readonly from: ModelState
  readonly to: ModelState
  readonly cause: Cause
  /** Epoch milliseconds. */
  readonly time: number
  /** Milliseconds spent in `from`. */
  readonly duration: number
  /** What went wrong, where something did. */
  readonly error?: Error
}

export interface SwapEvent {
  /** The models that had to be stopped for it. */
  readonly from: readonly string[]
  readonly to: string
  readonly time: number
  /** Milliseconds from the first stop to ready. */
  readonly duration: number
}

export interface RequestEvent {
  readonly model: string
  readonly method: string
  /** The path as the client sent it, without the query. */
  readonly path: string
  /** What the client was told; 0 when it left before it was told anything. */
  readonly status: number
  readonly outcome: 'completed' | 'failed' | 'truncated' | 'cancelled'
  readonly time: number
  /** Milliseconds between the request and its lease. */
  readonly waited: number
  /** Milliseconds in all. */
  readonly duration: number
}

export interface LogEvent {
  readonly model: string
  readonly stream: 'stdout' | 'stderr'
  readonly time: number
  readonly line: string
}

/** A reload. The lists hold the ids of models. */
export interface ConfigEvent {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Those that need another server. One that runs ends with its requests. */
  readonly changed: readonly string[]
  /** Those whose new terms (`ttl`, `aliases` ...) apply at once, also to a server that runs. */
  readonly updated: readonly string[]
  readonly unchanged: readonly string[]
  readonly time: number
  /** What the config's reader remarks, one line each. */
  readonly warnings: readonly string[]
}

/** A line for a reader of `logs()`. */
export interface LogLine extends LogEvent {
  /** How many lines before this one the reader was too slow for. */
  readonly missed?: number
}

export interface Events {
  state: StateEvent
  swap: SwapEvent
  request: RequestEvent
  log: LogEvent
  config: ConfigEvent
}
