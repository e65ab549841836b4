import type { Dispatcher } from 'undici'

/** The right to use a running server. While it is held, the server is not stopped to make room. */
export interface Lease {
  /** The model's id (never an alias). */
  readonly model: string
  /** Where the server is, such as `http://localhost:5800`, with no path. */
  readonly origin: string
  /** The path of `proxy` in the config, put before each request's path. Empty when there is none. */
  readonly basePath: string
  /** The undici pool of this server. */
  readonly dispatcher: Dispatcher
  /** Aborts when the server died, or was unloaded by force. Its reason is the error to show. */
  readonly signal: AbortSignal
  /** Gives the server back. More than once does nothing. */
  release (): void
  [Symbol.dispose] (): void
}
