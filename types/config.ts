import type { MacrosInput, ModelInput } from './model.ts'
import type { PeerInput } from './peers.ts'
import type { ProfileInput } from './profiles.ts'
import type { GroupInput, MatrixInput, RoutingInput } from './routing.ts'
import type { SelectorInput } from './selectors.ts'

/** A llama-swap config: what its YAML file holds, or the same shape as an object. Keys that nobody knows are warned about. */
export interface ConfigInput {
  /** By id. */
  models?: Record<string, ModelInput>
  /** How many seconds a start may take, from spawn to ready. Default 120, at least 15. */
  healthCheckTimeout?: number
  /** Idle seconds for models whose `ttl` is -1. Default 0: never stopped for idleness. */
  globalTTL?: number
  /** Grace of a stop before SIGKILL, in seconds. Default 10. */
  unloadTimeout?: number
  /** The first of the port numbers preferred for `${PORT}`. Default 5800. */
  startPort?: number
  /** `debug`, `info`, `warn` or `error`. Default `info`. Acted on by the standalone app; a host has its own logger. */
  logLevel?: string
  /** How times are written in the log, such as `rfc3339`. Default: not at all. */
  logTimeFormat?: string
  /** Whose lines are printed. Default `proxy`. */
  logToStdout?: 'proxy' | 'upstream' | 'both' | 'none'
  /** Without effect, as in llama-swap. */
  logRequests?: boolean
  /** Rows of activity kept in memory. Default 1000. */
  metricsMaxInMemory?: number
  /** Megabytes of requests and answers kept for inspection; 0: none. Default 5. */
  captureBuffer?: number
  store?: StoreInput
  ui?: UiInput
  performance?: PerformanceInput
  /** Tells streaming clients that a model is being loaded. Default false. */
  sendLoadingState?: boolean
  /** Lists aliases in `/v1/models` like models. Default false. */
  includeAliasesInList?: boolean
  /** Keys of which a client must send one: as Bearer, as `x-api-key`, or as the password of Basic. */
  apiKeys?: string[]
  hooks?: HooksInput
  upstream?: UpstreamInput
  /** Stand as `${name}` in the config; one may use those before it. */
  macros?: MacrosInput
  /** By name. */
  profiles?: Record<string, ProfileInput>
  /** By name. */
  selectors?: Record<string, SelectorInput>
  /** By id. */
  peers?: Record<string, PeerInput>
  /** The old place of `routing.router.settings.groups`. */
  groups?: Record<string, GroupInput>
  /** The old place of `routing.router.settings.matrix`. */
  matrix?: MatrixInput
  routing?: RoutingInput
  [key: string]: unknown
}

/** Where activity is kept over restarts. Default: in memory. */
export interface StoreInput {
  /** A SQLite file. */
  path: string
  [key: string]: unknown
}

/** The web page. */
export interface UiInput {
  activity?: {
    /** Headers that tell the session of a request, the first that is there. */
    session_id?: string[]
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** Figures of the machine. */
export interface PerformanceInput {
  /** They are not gathered. Default false. */
  disabled?: boolean
  /** As Go writes durations; at least and by default `5s`. */
  every?: string
  [key: string]: unknown
}

/** What is done by itself. */
export interface HooksInput {
  on_startup?: {
    /** Models to load, by id or alias. */
    preload?: string[]
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** The routes `/upstream/<model>/`. */
export interface UpstreamInput {
  /** Paths that do not start a model: regular expressions (RE2). Default: images, scripts and the like. */
  ignorePaths?: string[]
  [key: string]: unknown
}
