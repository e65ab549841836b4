import type { RequestInit, Response } from 'undici'
import type { Events } from './events.ts'
import type { Lease } from './lease.ts'
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
  /** Refuses new requests; resolves when those being served have ended. */
  drain (): Promise<void>
  /** Listens; returns what ends it. A listener that throws is logged and disturbs nobody. */
  on<K extends keyof Events> (event: K, listener: (event: Events[K]) => void): () => void
}
