import type { LaunchSpec } from '../../types/launcher.ts'

/** Milliseconds; 0 is no limit. */
export interface Timeouts {
  readonly connect: number
  /** Until the first TCP keep-alive probe. */
  readonly keepalive: number
  readonly responseHeader: number
  readonly tlsHandshake: number
  /** How long an idle connection is kept, 4 s at most. */
  readonly idleConn: number
}

/** A model as everything below `config` sees it: every default filled in, every macro but the late-bound `${PORT}` and `${PID}` replaced. Times are milliseconds. */
export interface ModelConfig {
  readonly id: string
  readonly launch: LaunchSpec
  readonly aliases: readonly string[]
  /** A path, or undefined for `none`: ready as soon as started. */
  readonly checkEndpoint: string | undefined
  /** The start deadline, counted from spawn. */
  readonly startTimeout: number
  /** Idle time until it is stopped; 0 never. */
  readonly ttl: number
  /** Grace of a stop. */
  readonly stopGrace: number
  readonly timeouts: Timeouts
  readonly unlisted: boolean
  readonly name: string
  readonly description: string
}

/** What the operator wrote, resolved and frozen. */
export interface Config {
  /** By id, in sorted order. */
  readonly models: ReadonlyMap<string, ModelConfig>
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}
