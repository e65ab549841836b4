import type { ConfigInput } from './config.ts'
import type {
  onRequestHookHandler, preHandlerHookHandler, preParsingHookHandler, preValidationHookHandler, onSendHookHandler, onResponseHookHandler
} from 'fastify'

/** Fastify hooks for one family of routes. */
export interface RouteHooks {
  onRequest?: onRequestHookHandler | onRequestHookHandler[]
  preParsing?: preParsingHookHandler | preParsingHookHandler[]
  preValidation?: preValidationHookHandler | preValidationHookHandler[]
  preHandler?: preHandlerHookHandler | preHandlerHookHandler[]
  onSend?: onSendHookHandler | onSendHookHandler[]
  onResponse?: onResponseHookHandler | onResponseHookHandler[]
}

export interface RouteFamilies {
  /** `/v1/*`. Default true. */
  inference?: boolean | RouteHooks
  /** `/upstream/<model>/*`. `'inference'` (the default) lets only the paths of the inference routes through, `true` any. */
  upstream?: boolean | 'inference' | RouteHooks
  /** `/running`: shows commands. Default false. */
  admin?: boolean | RouteHooks
  /** `/health`. Default: on with a prefix; a host has its own `/health` at the root. */
  health?: boolean | RouteHooks
}

export interface LlamaSwapOptions {
  /** A llama-swap config: the path of its YAML file, of a directory of such files, several paths, or the same shape as an object. */
  config: string | readonly string[] | ConfigInput
  /** Put before every route. */
  prefix?: string
  /** The name of the decorator; another one for a second registration at one level. Default `llamaSwap`. */
  decorator?: string
  /** Which families of routes there are, each also with Fastify hooks of its own. */
  routes?: RouteFamilies
  /** Environment variables that servers inherit: names, `*` at the end for a prefix; `true` for all. Default: those a server needs (docs/embedding.md). */
  inheritEnv?: readonly string[] | true
  /**
   * Tells this gateway's servers from those of others, also over restarts: leftovers of a dead gateway of the same instance are
   * ended at the start. Default: the real path of what `config` names, else the working directory.
   */
  instance?: string
  /** Bytes of one request body. Default 128 MiB. */
  bodyLimit?: number
  /** Bytes of all held request bodies. Default 512 MiB. */
  bodyBudget?: number
  /** Milliseconds that live requests get to end when the app closes. Default 10,000. */
  drainTimeout?: number
  /** Sends the client's own credentials (`Authorization`, `X-Api-Key`, `Cookie`) on to the servers. Default false. */
  forwardAuthorization?: boolean
  /** Refuses a config with keys that nobody knows, rather than warn about them. Default false. */
  strict?: boolean
}
