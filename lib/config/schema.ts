const strings = { type: 'array', items: { type: 'string' } } as const
const seconds = { type: 'integer', minimum: 0 } as const
/** A key of llama-swap's that is accepted and does nothing yet. */
const inert = {} as const

/** One model. A key whose schema is empty has no effect yet; validation warns about it. */
export const modelSchema = {
  type: 'object',
  required: ['cmd'],
  properties: {
    cmd: { type: 'string', minLength: 1 },
    cmdStop: { type: 'string' },
    proxy: { type: 'string', minLength: 1 },
    env: { type: 'array', items: { type: 'string', pattern: '^[^=]+=' } },
    aliases: strings,
    checkEndpoint: { type: 'string', pattern: '^\\s*(/\\S*|none)\\s*$' },
    ttl: { type: 'integer', minimum: -1 },
    unloadTimeout: seconds,
    unlisted: { type: 'boolean' },
    name: { type: 'string' },
    description: { type: 'string' },
    useModelName: inert,
    concurrencyLimit: inert,
    filters: inert,
    macros: inert,
    metadata: inert,
    sendLoadingState: inert,
    timeouts: {
      type: 'object',
      properties: { connect: seconds, keepalive: seconds, responseHeader: seconds, tlsHandshake: seconds, expectContinue: seconds, idleConn: seconds }
    },
    compat: inert,
    capabilities: inert,
    healthCheckTimeout: inert
  }
} as const

/** A llama-swap config: the keys of its YAML file. */
export const configSchema = {
  type: 'object',
  properties: {
    models: { type: 'object', additionalProperties: modelSchema, propertyNames: { minLength: 1 } },
    healthCheckTimeout: { type: 'integer' },
    globalTTL: seconds,
    unloadTimeout: seconds,
    startPort: { type: 'integer', minimum: 1, maximum: 65535 },
    logLevel: { type: 'string' },
    logTimeFormat: inert,
    logToStdout: inert,
    logRequests: inert,
    metricsMaxInMemory: inert,
    captureBuffer: inert,
    store: inert,
    ui: inert,
    performance: inert,
    sendLoadingState: inert,
    includeAliasesInList: inert,
    apiKeys: inert,
    hooks: inert,
    upstream: inert,
    macros: inert,
    profiles: inert,
    selectors: inert,
    peers: inert,
    groups: inert,
    matrix: inert,
    routing: inert
  }
} as const
