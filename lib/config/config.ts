import type { Modality } from '../../types/model.ts'
import type { LaunchSpec } from '../../types/launcher.ts'
import type { Filters } from './naming/filters.ts'
import type { Peers } from './naming/peers.ts'
import type { Profile } from './naming/profiles.ts'
import type { Selector } from './naming/selectors.ts'
import type { PathPattern } from './routing/ignore-paths.ts'
import type { Routing } from './routing/routing.ts'

/** Milliseconds; 0 is no limit. */
export interface Timeouts {
  readonly connect: number
  /** Until the first TCP keep-alive probe. */
  readonly keepalive: number
  readonly responseHeader: number
  readonly tlsHandshake: number
  /** How long an idle connection is kept, 4 s at most. */
  readonly idleConn: number
}

/** What a model can do. */
export interface Capabilities {
  readonly in: readonly Modality[]
  readonly out: readonly Modality[]
  readonly tools: boolean
  readonly reranker: boolean
  /** Tokens; 0 is not told. */
  readonly context: number
}

/** A model as everything below `config` sees it: every default filled in, every macro but the late-bound `${PORT}` and `${PID}` replaced. Times are milliseconds. */
export interface ModelConfig {
  readonly id: string
  readonly launch: LaunchSpec
  /** Names under `aliases`, then those of `filters.setParamsByID`. */
  readonly aliases: readonly string[]
  /** A path, or undefined for `none`: ready as soon as started. */
  readonly checkEndpoint: string | undefined
  /** The start deadline, counted from spawn. */
  readonly startTimeout: number
  /** Idle time until it is stopped; 0 never. */
  readonly ttl: number
  /** Grace of a stop. */
  readonly stopGrace: number
  readonly timeouts: Timeouts
  readonly unlisted: boolean
  readonly name: string
  readonly description: string
  /** The model name that the server is sent, if not the one that was asked for. */
  readonly useModelName: string | undefined
  /** Requests that may be waiting or served at once; undefined: no cap of its own. */
  readonly concurrencyLimit: number | undefined
  readonly filters: Filters
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  readonly sendLoadingState: boolean
  /** WebSockets neither start the model nor keep it loaded. */
  readonly ignoreWebsockets: boolean
  readonly capabilities: Capabilities | undefined
}

/** What the operator wrote, resolved and frozen. */
export interface Config {
  /** By id, in sorted order. */
  readonly models: ReadonlyMap<string, ModelConfig>
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** Such as `rfc3339`; undefined: no times. */
  readonly logTimeFormat: LogTimeFormat | undefined
  readonly logToStdout: 'proxy' | 'upstream' | 'both' | 'none'
  readonly includeAliasesInList: boolean
  readonly apiKeys: readonly string[]
  /** Rows. */
  readonly metricsMaxInMemory: number
  /** Bytes; 0: nothing is captured. */
  readonly captureBuffer: number
  /** Undefined: in memory. */
  readonly store: { readonly path: string } | undefined
  readonly performance: { readonly disabled: boolean, /** Milliseconds. */ readonly every: number }
  readonly ui: { readonly sessionHeaders: readonly string[] }
  /** Ids of models to load at the start. */
  readonly preload: readonly string[]
  readonly ignorePaths: readonly PathPattern[]
  readonly routing: Routing
  readonly peers: Peers
  readonly selectors: ReadonlyMap<string, Selector>
  readonly profiles: ReadonlyMap<string, Profile>
}

export const LOG_TIME_FORMATS = [
  'ansic', 'unixdate', 'rubydate', 'rfc822', 'rfc822z', 'rfc850', 'rfc1123', 'rfc1123z', 'rfc3339', 'rfc3339nano', 'kitchen', 'stamp', 'stampmilli', 'stampmicro', 'stampnano'
] as const
export type LogTimeFormat = typeof LOG_TIME_FORMATS[number]
