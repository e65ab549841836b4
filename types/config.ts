/** Limits of the connections to a model's server, in seconds; 0 is no limit. */
export interface TimeoutsInput {
  /** For a connection to be made. Default 30. */
  connect?: number
  /** Until the first TCP keep-alive probe. Default 30. */
  keepalive?: number
  /** For the headers of an answer. Default 0. */
  responseHeader?: number
  /** Default 10. */
  tlsHandshake?: number
  /** Accepted, without effect: `Expect: 100-continue` is answered by the gateway itself. */
  expectContinue?: number
  /** How long an idle connection is kept; 4 at most, since servers that close first lose requests, and none after an event stream. Default 90. */
  idleConn?: number
}

/** One model, as written in the `models` map of a llama-swap config. Numbers are seconds unless said otherwise. */
export interface ModelInput {
  /** The command that starts the server. Split into words as a POSIX shell would, but never given to one. `${PORT}` and `${MODEL_ID}` are replaced. */
  cmd: string
  /** The command that stops the server instead of SIGTERM. `${PID}` is replaced by the server's process id. */
  cmdStop?: string
  /** Where the server listens. Default `http://localhost:${PORT}`. A path is put before the path of every request. */
  proxy?: string
  /** `NAME=value` pairs added to the server's environment. */
  env?: string[]
  /** Other names for the model. */
  aliases?: string[]
  /** The path that answers 200 once the server can serve. Default `/health`; `none` takes a started server for ready. */
  checkEndpoint?: string
  /** Idle time after which the server is stopped. 0: never. Default -1: `globalTTL`. */
  ttl?: number
  /** Grace of a stop before SIGKILL. Default 0: the top level's. */
  unloadTimeout?: number
  /** Leaves the model out of `/v1/models`; it can be asked for all the same. */
  unlisted?: boolean
  timeouts?: TimeoutsInput
  name?: string
  description?: string
  /** llama-swap's other keys are accepted; those without effect yet are warned about. */
  [key: string]: unknown
}

/** A llama-swap config: what its YAML file holds, or the same shape as an object. */
export interface ConfigInput {
  models?: Record<string, ModelInput>
  /** How long a start may take, from spawn to ready. Default 120, at least 15. */
  healthCheckTimeout?: number
  /** Idle time for models whose `ttl` is -1. Default 0: never stopped for idleness. */
  globalTTL?: number
  /** Grace of a stop before SIGKILL. Default 10. */
  unloadTimeout?: number
  /** The first of the port numbers preferred for `${PORT}`. Default 5800. */
  startPort?: number
  /** `debug`, `info`, `warn` or `error`. Default `info`. Acted on by the standalone app; a host has its own logger. */
  logLevel?: string
  [key: string]: unknown
}
