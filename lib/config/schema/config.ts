import {
  DEFAULT_CAPTURE_BUFFER, DEFAULT_HEALTH_CHECK_TIMEOUT, DEFAULT_METRICS_MAX, DEFAULT_PERFORMANCE_EVERY, DEFAULT_SESSION_HEADERS, DEFAULT_START_PORT, DEFAULT_UNLOAD_TIMEOUT,
  MIN_HEALTH_CHECK_TIMEOUT
} from './defaults.ts'
import { macrosSchema } from './macros.ts'
import { modelSchema } from './model.ts'
import { profilesSchema, selectorsSchema } from './names.ts'
import { MAX_SECONDS, duration, seconds, texts } from './parts.ts'
import { peersSchema } from './peers.ts'
import { groupsSchema, matrixSchema, routingSchema } from './routing.ts'
import type { Schema } from './schema.ts'

/** A llama-swap config: the keys of its YAML file. */
export const configSchema = {
  type: 'object',
  properties: {
    models: { type: 'object', additionalProperties: modelSchema, propertyNames: { minLength: 1 }, description: 'The models by id.', examples: [{ qwen: { cmd: 'llama-server --port ${PORT} -m qwen.gguf' } }] },
    healthCheckTimeout: { type: 'integer', maximum: MAX_SECONDS, default: DEFAULT_HEALTH_CHECK_TIMEOUT, description: `How many seconds a start may take, from spawn to ready; at least ${MIN_HEALTH_CHECK_TIMEOUT}.`, examples: [300] },
    globalTTL: { ...seconds, default: 0, description: 'Idle seconds after which a model is stopped, for models without a ttl; 0: never.', examples: [1800] },
    unloadTimeout: { ...seconds, default: DEFAULT_UNLOAD_TIMEOUT, description: 'Grace of a stop before SIGKILL, in seconds; 0 is the default.', examples: [10] },
    startPort: { type: 'integer', minimum: 1, maximum: 65_535, default: DEFAULT_START_PORT, description: 'First of the port numbers for ${PORT}, one for each model that uses it, in the order of the ids. One that is taken is replaced by a free one at the start.', examples: [10_001] },
    logLevel: { type: 'string', default: 'info', description: 'debug, info, warn or error; anything else is info. For the command line only: a host has its own logger.', examples: ['debug'] },
    logTimeFormat: { type: 'string', default: '', description: 'How times are written in the log: ansic, unixdate, rubydate, rfc822, rfc822z, rfc850, rfc1123, rfc1123z, rfc3339, rfc3339nano, kitchen, stamp, stampmilli, stampmicro or stampnano; anything else: not at all.', examples: ['rfc3339'] },
    logToStdout: { type: 'string', enum: ['proxy', 'upstream', 'both', 'none'], default: 'proxy', description: 'Whose lines are printed.', examples: ['both'] },
    logRequests: { type: 'boolean', deprecated: true, description: 'Without effect, as in llama-swap.', examples: [false] },
    metricsMaxInMemory: { type: 'integer', default: DEFAULT_METRICS_MAX, description: 'How many rows of activity are kept in memory; 0 or less is the default.', examples: [5000] },
    captureBuffer: { type: 'integer', default: DEFAULT_CAPTURE_BUFFER, description: 'Megabytes of requests and answers kept for inspection; 0 or less: none.', examples: [10] },
    store: {
      type: 'object',
      description: 'Where activity is kept over restarts. Default: in memory.',
      required: ['path'],
      properties: { path: { type: 'string', minLength: 1, description: 'A SQLite file.', examples: ['activity.db'] } }
    },
    ui: {
      type: 'object',
      description: 'The web page.',
      properties: {
        activity: {
          type: 'object',
          description: 'Its table of requests.',
          properties: { session_id: { ...texts, default: DEFAULT_SESSION_HEADERS, description: 'Headers that tell the session of a request, the first that is there.', examples: [['X-Session-ID']] } }
        }
      }
    },
    performance: {
      type: 'object',
      description: 'Figures of the machine.',
      properties: {
        disabled: { type: 'boolean', default: false, description: 'They are not gathered.', examples: [true] },
        every: { ...duration, default: DEFAULT_PERFORMANCE_EVERY, description: 'How often, at least 5s.', examples: ['5s'] }
      }
    },
    sendLoadingState: { type: 'boolean', default: false, description: 'Tells streaming clients that a model is being loaded; for models that do not say it themselves.', examples: [true] },
    includeAliasesInList: { type: 'boolean', default: false, description: 'Lists aliases in /v1/models like models.', examples: [true] },
    apiKeys: { type: 'array', writeOnly: true, items: { type: 'string', minLength: 1, pattern: '^[^ ]*$' }, default: [], description: 'Keys of which a client must send one. None: no key is asked for.', examples: [['${env.API_KEY}']] },
    hooks: {
      type: 'object',
      description: 'What is done by itself.',
      properties: {
        on_startup: {
          type: 'object',
          description: 'When the gateway starts.',
          properties: { preload: { ...texts, default: [], description: 'Models to load, by id or alias.', examples: [['qwen']] } }
        }
      }
    },
    upstream: {
      type: 'object',
      description: 'The routes /upstream/<model>/.',
      properties: {
        ignorePaths: { ...texts, description: 'Paths that do not start a model: regular expressions (RE2). Default, also for an empty list: images, scripts and the like.', examples: [['\\.png$']] }
      }
    },
    macros: { ...macrosSchema, description: 'Texts and numbers that stand in the config as ${name}. One may use those before it.' },
    profiles: profilesSchema,
    selectors: selectorsSchema,
    peers: peersSchema,
    groups: { ...groupsSchema, description: `${groupsSchema.description} The old place of routing.router.settings.groups.` },
    matrix: { ...matrixSchema, description: `${matrixSchema.description} The old place of routing.router.settings.matrix.` },
    routing: routingSchema
  }
} as const satisfies Schema
