import type { RouteHandlerMethod } from 'fastify'
import type { RequestInit, Response } from 'undici'
import type { ConfigEvent, Events, LogLine } from './events.ts'
import type { Lease } from './lease.ts'
import type { LlamaSwapOptions } from './options.ts'
import type { Status } from './status.ts'
import type { RequestOptions } from './ticket.ts'

export interface HandlerOptions extends Pick<RequestOptions, 'priority' | 'deadline'> {
  /** The path on the server; the client's query follows it. Default: the request's own path. */
  path?: string
}

/** What `app.llamaSwap` is. */
export interface LlamaSwap {
  /**
   * Waits until the model's server is ready, starting it if need be, and lends it.
   *
   * @example
   * ```ts
   * using lease = await app.llamaSwap.acquire('qwen')
   * await request(lease.origin + '/v1/models', { dispatcher: lease.dispatcher })
   * ```
   * @throws LlamaSwapError when the model is unknown, cannot be started, or the app closes
   */
  acquire (model: string, options?: RequestOptions): Promise<Lease>
  /**
   * `fetch` to a model's server: acquires a lease, sends the request, and gives the lease back when the body ends.
   * Read the body or cancel it; until then the server stays lent.
   */
  fetch (model: string, path: string, init?: RequestInit & RequestOptions): Promise<Response>
  /**
   * A Fastify handler for a route of the host's own, that proxies to one model: waiting, streams, aborts and errors are as on the plugin's
   * routes; `admit` is not asked, and errors go to the host's error handler. A body that is a Buffer or a stream goes on untouched; one that a parser has turned into an object is written anew.
   *
   * @example
   * ```ts
   * app.post('/ask', app.llamaSwap.handler('qwen', { path: '/v1/chat/completions' }))
   * ```
   */
  handler (model: string, options?: HandlerOptions): RouteHandlerMethod
  /** Starts the model's server if need be; resolves when it is ready. */
  load (model: string): Promise<void>
  /** Stops one model, or all. Waits until its requests have ended, unless `force`. Resolves when it is stopped. */
  unload (model?: string, options?: { force?: boolean }): Promise<void>
  status (): Status
  /**
   * Makes a profile of the config the active one, or with null none: from now on its pins say what the names mean that clients send.
   * `status().profile` tells which one is active.
   *
   * @throws LlamaSwapError when there is no such profile
   */
  useProfile (id: string | null): void
  /**
   * Goes over to another config, or reads the registered one again. It is read and checked whole first: if it has errors, nothing
   * changes. Models that it does not change go on with their requests. Those that need another server, or are gone from it, end
   * with theirs; who waits for a changed model gets its next server. Several at once are applied in the order of their calls.
   *
   * @returns what has changed, as the event `config` has it
   * @throws LlamaSwapError when the config has errors, or the app closes
   */
  reload (config?: LlamaSwapOptions['config']): Promise<ConfigEvent>
  /**
   * The lines that a model's servers print, or all models' without a name: with `history` those still kept (100 KiB a model), then each as
   * it comes. A reader that is slower than the servers misses lines, and the next one tells how many (`missed`). Ends with the app, the
   * signal, or the loop.
   *
   * @example
   * ```ts
   * for await (const { line, missed = 0 } of app.llamaSwap.logs('qwen', { history: true })) console.log(missed, line)
   * ```
   * @throws LlamaSwapError when the model is unknown
   */
  logs (model?: string, options?: { history?: boolean, signal?: AbortSignal }): AsyncIterableIterator<LogLine>
  /** Refuses new requests; resolves when those being served have ended. */
  drain (): Promise<void>
  /** Listens; returns what ends it. A listener that throws is logged and disturbs nobody. */
  on<K extends keyof Events> (event: K, listener: (event: Events[K]) => void): () => void
}
