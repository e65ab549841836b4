import type { ConfigInput } from './config.ts'
import type {
  FastifyRequest, onRequestHookHandler, preHandlerHookHandler, preParsingHookHandler, preValidationHookHandler, onSendHookHandler, onResponseHookHandler
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
  /** `/running`, which shows commands, unloading, profiles, version. Default false. */
  admin?: boolean | RouteHooks
  /** `GET /unload`, a change of state by GET that llama-swap has: a link or a crawler may call it. Default false; the command line has it on. */
  compat?: boolean | RouteHooks
  /** `/health`. Default: on with a prefix; a host has its own `/health` at the root. */
  health?: boolean | RouteHooks
}

/** What a request wants of a model. */
export interface AdmitQuestion {
  /** `request`: to be served by it, whatever the route; `list`: to see it in `/v1/models`; `unload`: to stop it. */
  action: 'request' | 'list' | 'unload'
  /** The model's id, whatever name the client used; `peer/model` for a peer's. For `list` also a selector's name. */
  model: string
}

export type AdmitAnswer = boolean | {
  allow: boolean
  /** A higher number is served before a lower one. Default 0. */
  priority?: number
  /** Milliseconds that the request may wait for its server. Default: no limit of its own. */
  deadline?: number
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
  /**
   * Decides whether a request may have a model, and how urgent it is. Asked after the host's own hooks, when the model is known. A model
   * that is refused is 403, and left out of `/v1/models`. What it throws goes to the host's error handler.
   *
   * @example
   * ```ts
   * admit: (request, { model }) => request.user.models.includes(model) && { allow: true, priority: request.user.paid ? 1 : 0 }
   * ```
   */
  admit?: (request: FastifyRequest, question: AdmitQuestion) => AdmitAnswer | Promise<AdmitAnswer>
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
  /**
   * Lets WebSockets through on `/upstream/` and `/comfyui/`, after all hooks. It listens for `upgrade` on the host's server, which changes
   * how Node treats the upgrades of others; those are left to their listeners or, where there is none, answered as without this. Default false.
   */
  upgrades?: boolean
  /** Refuses a config with keys that nobody knows, rather than warn about them. Default false. */
  strict?: boolean
}
