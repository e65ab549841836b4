/** The states of one model's life (docs/architecture.md shows how they follow each other). */
export type ModelState = 'stopped' | 'queued' | 'starting' | 'ready' | 'stopping' | 'stuck' | 'shutdown'

export interface ModelStatus {
  readonly model: string
  readonly state: ModelState
  /** Epoch milliseconds of the last change of state. */
  readonly since: number
  readonly name: string
  readonly description: string
  readonly aliases: readonly string[]
  readonly unlisted: boolean
  /** Idle seconds until it is stopped; 0 never. */
  readonly ttl: number
  /** The command's words, with the port filled in while the server runs. */
  readonly command: readonly string[]
  /** Where the server is or would be. Absent until a late-bound port is known. */
  readonly origin?: string
  /** The path of `proxy` in the config, put before each request's path. Absent when there is none. */
  readonly basePath?: string
  readonly pid?: number
  /** Requests being served. */
  readonly leases: number
  /** Requests waiting. */
  readonly waiting: number
  /** What the first of them waits for, in words such as `waits for qwen to finish 2 requests`. Absent when none waits. */
  readonly waitsFor?: string
  /** Why the last start or run ended, if it did not end well. */
  readonly lastError?: string
  /** The last lines that the server printed, oldest first. */
  readonly lastLines: readonly string[]
}

export interface Status {
  /** False once the app is closing. */
  readonly accepting: boolean
  /** Whether the config has `apiKeys`, of which a client must send one. */
  readonly requiresKey: boolean
  /** The config's `logLevel`, for a host that follows it. */
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** The id of the active profile; null: none. */
  readonly profile: string | null
  readonly models: readonly ModelStatus[]
  /** What reloads have changed or removed, and whose servers are not gone yet: they end with their requests. */
  readonly outgoing: readonly ModelStatus[]
}
