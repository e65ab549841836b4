/** What a launcher needs to know to start a server. Where it says `${PORT}`, the port is bound late. */
export interface LaunchSpec {
  readonly argv: readonly string[]
  /** With `${PID}` for the server's process id. */
  readonly stopArgv?: readonly string[]
  readonly env: readonly string[]
  /** The `proxy` URL, with `${PORT}` when the port is bound late. */
  readonly proxy: string
  /** The port number to try first. Not a part of the spec's identity. */
  readonly preferredPort?: number
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr'
  /** Epoch milliseconds. */
  readonly time: number
  readonly line: string
}

export interface Endpoint {
  /** Scheme, host and port. */
  readonly origin: string
  /** The path of the proxy URL, without a slash at its end. */
  readonly basePath: string
  readonly socketPath?: string
}

export type HandleState = 'queued' | 'starting' | 'running' | 'stopping' | 'exited'

export interface Exit {
  readonly code?: number
  readonly signal?: string
  readonly why: 'stopped' | 'crashed' | 'lost' | 'rejected'
  readonly message?: string
}

/** One server, from its launch to its end. */
export interface Handle {
  readonly key: string
  readonly pid?: number | undefined
  /** The command's words as started. Known with the endpoint. */
  readonly command: readonly string[]
  readonly state: HandleState
  /** Known once the server is placed. Rejects when it could not be launched. */
  endpoint (): Promise<Endpoint>
  /** Calls the listener for each line that the server prints. Returns what ends it. */
  output (listener: (line: OutputLine) => void): () => void
  /** Ends the server, by force after `grace` milliseconds. Resolves when its resources are free. */
  stop (grace: number): Promise<void>
  /** Who answers at the endpoint in the server's place, in words, as far as that can be told. */
  stranger? (): Promise<string | undefined>
  /** How it ended. Never rejects. */
  readonly exited: Promise<Exit>
}

/** How servers are started, watched and stopped: local processes now. */
export interface Launcher {
  /** Creates a server, or adopts the one that carries this key. Does not throw: the handle tells what goes wrong. */
  ensure (spec: LaunchSpec, key: string, options: { signal: AbortSignal, onState?: (state: HandleState) => void }): Handle
  /** What is really there. */
  list (): Promise<Handle[]>
}
