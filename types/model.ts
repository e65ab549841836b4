import type { FiltersInput } from './filters.ts'
import type { TimeoutsInput } from './timeouts.ts'

/** What a model reads or writes. */
export type Modality = 'text' | 'audio' | 'image'

/** What a model can do, for `/v1/models`. */
export interface CapabilitiesInput {
  in?: Modality[]
  out?: Modality[]
  /** It calls functions. */
  tools?: boolean
  /** It ranks documents. */
  reranker?: boolean
  /** Length of its context, in tokens. */
  context?: number
  [key: string]: unknown
}

/** For servers and pages with habits of their own. */
export interface CompatInput {
  /** WebSockets neither start the model nor keep it loaded. */
  ignoreWebsockets?: boolean
  [key: string]: unknown
}

/** Names and values that stand in the config as `${name}`. */
export type MacrosInput = Record<string, string | number | boolean | null>

/** One model, as written in the `models` map of a llama-swap config. Numbers are whole seconds unless said otherwise. */
export interface ModelInput {
  /** The command that starts the server. Split into words as a POSIX shell would, but never given to one. Macros, `${PORT}` and `${MODEL_ID}` are replaced. */
  cmd: string
  /** The command that stops the server instead of SIGTERM. `${PID}` is replaced by the server's process id. */
  cmdStop?: string
  /** Where the server listens. Default `http://localhost:${PORT}`. A path is put before the path of every request. `unix:/run/server.sock` for a Unix socket. */
  proxy?: string
  /** Other names for the model. */
  aliases?: string[]
  /** `NAME=value` pairs added to the server's environment. */
  env?: string[]
  /** The path that answers 200 once the server can serve. Default `/health`; `none` takes a started server for ready. */
  checkEndpoint?: string
  /** Idle time after which the server is stopped. 0: never. Default -1: `globalTTL`. */
  ttl?: number
  /** Grace of a stop before SIGKILL. Default 0: the top level's. */
  unloadTimeout?: number
  /** Leaves the model out of `/v1/models`; it can be asked for all the same. */
  unlisted?: boolean
  /** The model name that the server is sent, in place of the one that was asked for. */
  useModelName?: string
  name?: string
  description?: string
  /** How many requests may be waiting or served at once; the next one gets 429. Default 0: no limit of its own. */
  concurrencyLimit?: number
  filters?: FiltersInput
  /** Macros of this model; one of the same name as a global one takes its place. */
  macros?: MacrosInput
  /** Shown in `/v1/models` under `meta.llamaswap`. */
  metadata?: Record<string, unknown>
  /** Tells streaming clients that the model is being loaded. Default: the top level's. */
  sendLoadingState?: boolean
  timeouts?: TimeoutsInput
  compat?: CompatInput
  capabilities?: CapabilitiesInput
  /** Without effect, as in llama-swap: set it at the top level. */
  healthCheckTimeout?: number
  [key: string]: unknown
}
