// llama-swap's defaults, for the schema and for what fills them in.

export const DEFAULT_HEALTH_CHECK_TIMEOUT = 120
export const MIN_HEALTH_CHECK_TIMEOUT = 15
export const DEFAULT_UNLOAD_TIMEOUT = 10
export const DEFAULT_START_PORT = 5800
export const DEFAULT_PROXY = 'http://localhost:${PORT}'
export const DEFAULT_CHECK_ENDPOINT = '/health'
export const DEFAULT_METRICS_MAX = 1000
export const DEFAULT_CAPTURE_BUFFER = 5
export const DEFAULT_PERFORMANCE_EVERY = '5s'
export const DEFAULT_SESSION_HEADERS = ['X-Session-ID', 'X-Litellm-Session-Id'] as const

/** Seconds; Go's `http.Transport` has these. */
export const DEFAULT_TIMEOUTS = { connect: 30, keepalive: 30, responseHeader: 0, tlsHandshake: 10, expectContinue: 1, idleConn: 90 } as const
/** A peer may be far away, but it does not load a model for minutes without a header. */
export const DEFAULT_PEER_TIMEOUTS = { ...DEFAULT_TIMEOUTS, responseHeader: 60 } as const
