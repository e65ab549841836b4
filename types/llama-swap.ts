import type { RequestInit, Response } from 'undici'
import type { ConfigEvent, Events } from './events.ts'
import type { Lease } from './lease.ts'
import type { LlamaSwapOptions } from './options.ts'
import type { Status } from './status.ts'
import type { RequestOptions } from './ticket.ts'

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
  /** Starts the model's server if need be; resolves when it is ready. */
  load (model: string): Promise<void>
  /** Stops one model, or all. Waits until its requests have ended, unless `force`. Resolves when it is stopped. */
  unload (model?: string, options?: { force?: boolean }): Promise<void>
  status (): Status
  /**
   * Goes over to another config, or reads the registered one again. It is read and checked whole first: if it has errors, nothing
   * changes. Models that it does not change go on with their requests. Those that need another server, or are gone from it, end
   * with theirs; who waits for a changed model gets its next server. Several at once are applied in the order of their calls.
   *
   * @returns what has changed, as the event `config` has it
   * @throws LlamaSwapError when the config has errors, or the app closes
   */
  reload (config?: LlamaSwapOptions['config']): Promise<ConfigEvent>
  /** Refuses new requests; resolves when those being served have ended. */
  drain (): Promise<void>
  /** Listens; returns what ends it. A listener that throws is logged and disturbs nobody. */
  on<K extends keyof Events> (event: K, listener: (event: Events[K]) => void): () => void
}
