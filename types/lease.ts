import type { Dispatcher } from 'undici'

/** The right to use a running server. While it is held, the server is not stopped to make room. */
export interface Lease {
  /** The model's id (never an alias), or the full name `peer/model` of a peer's. */
  readonly model: string
  /** The id of the peer, if it is a peer's model. */
  readonly peer?: string
  /** Where the server is, such as `http://localhost:5800`, with no path. */
  readonly origin: string
  /** The Unix socket that it listens on, if it does; `origin` then only fills the place of a host. */
  readonly socketPath?: string
  /** The path of `proxy` in the config, put before each request's path. Empty when there is none. */
  readonly basePath: string
  /** Headers that belong on every request: a peer's key. Mostly empty. */
  readonly headers: Readonly<Record<string, string>>
  /** The undici pool of this server. */
  readonly dispatcher: Dispatcher
  /** Aborts when the server died, or was unloaded by force. Its reason is the error to show. */
  readonly signal: AbortSignal
  /** Gives the server back. More than once does nothing. */
  release (): void
  [Symbol.dispose] (): void
}
