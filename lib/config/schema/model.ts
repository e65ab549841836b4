import { DEFAULT_CHECK_ENDPOINT, DEFAULT_PROXY, DEFAULT_TIMEOUTS } from './defaults.ts'
import { filtersSchema } from './filters.ts'
import { macrosSchema } from './macros.ts'
import { MAX_SECONDS, anyMap, seconds, texts } from './parts.ts'
import type { Schema } from './schema.ts'
import { timeoutsSchema } from './timeouts.ts'

const modalities = { type: 'array', items: { type: 'string', enum: ['text', 'audio', 'image'] }, default: [] } as const

/** One model. */
export const modelSchema = {
  type: 'object',
  required: ['cmd'],
  properties: {
    cmd: { type: 'string', minLength: 1, description: 'The command that starts the server. It is split into words as a shell would, but no shell runs it: no variables, pipes or globs. Lines that start with "#" are dropped, and a backslash at the end of a line joins it with the next.', examples: ['llama-server --port ${PORT} -m models/qwen.gguf'] },
    cmdStop: { type: 'string', description: 'The command that stops the server instead of a signal; ${PID} is its process id. If it fails, SIGTERM follows.', examples: ['docker stop ${MODEL_ID}'] },
    proxy: { type: 'string', minLength: 1, default: DEFAULT_PROXY, description: 'Where the server listens: an http or https URL, or the path of a Unix socket as unix:/run/server.sock. A path is put before the path of every request.', examples: ['http://127.0.0.1:${PORT}'] },
    aliases: { ...texts, default: [], description: 'Other names for the model.', examples: [['gpt-4o-mini']] },
    env: { ...texts, default: [], description: 'NAME=value pairs, added to the environment of the server.', examples: [['CUDA_VISIBLE_DEVICES=0']] },
    checkEndpoint: { type: 'string', default: DEFAULT_CHECK_ENDPOINT, description: 'The path that answers 200 once the server is ready; "none": ready as soon as it runs.', examples: ['/health', 'none'] },
    ttl: { type: 'integer', minimum: -1, maximum: MAX_SECONDS, default: -1, description: 'Idle seconds after which it is stopped; 0: never, -1: as globalTTL says.', examples: [600] },
    unloadTimeout: { ...seconds, default: 0, description: 'Grace of a stop before SIGKILL, in seconds; 0: as the top level says.', examples: [30] },
    unlisted: { type: 'boolean', default: false, description: 'Leaves it out of /v1/models; it can be asked for all the same.', examples: [true] },
    useModelName: { type: 'string', default: '', description: 'The model name that the server is sent, in place of the one that was asked for.', examples: ['Qwen/Qwen3-8B'] },
    name: { type: 'string', default: '', description: 'Shown in /v1/models.', examples: ['Qwen 3 8B'] },
    description: { type: 'string', default: '', description: 'Shown in /v1/models.', examples: ['chat and tools'] },
    concurrencyLimit: { type: 'integer', default: 0, description: 'How many requests may be waiting or served at once; the next is refused with 429. 0: no limit of its own.', examples: [4] },
    filters: filtersSchema,
    macros: { ...macrosSchema, description: 'Macros of this model; one of the same name as a global one takes its place.' },
    metadata: { ...anyMap, description: 'Anything; shown in /v1/models under meta.llamaswap.', examples: [{ context: 8192 }] },
    sendLoadingState: { type: 'boolean', description: 'Tells streaming clients that the model is being loaded. Default: as the top level says.', examples: [true] },
    timeouts: timeoutsSchema(DEFAULT_TIMEOUTS),
    compat: {
      type: 'object',
      description: 'For servers and pages with habits of their own.',
      properties: {
        ignoreWebsockets: { type: 'boolean', default: false, description: 'WebSockets neither start the model nor keep it loaded.', examples: [true] }
      }
    },
    capabilities: {
      type: 'object',
      description: 'What the model can do, shown in /v1/models.',
      properties: {
        in: { ...modalities, description: 'What it reads.', examples: [['text', 'image']] },
        out: { ...modalities, description: 'What it writes.', examples: [['text']] },
        tools: { type: 'boolean', default: false, description: 'It calls functions.', examples: [true] },
        reranker: { type: 'boolean', default: false, description: 'It ranks documents.', examples: [true] },
        context: { type: 'integer', minimum: 0, default: 0, description: 'Length of its context, in tokens.', examples: [8192] }
      }
    },
    healthCheckTimeout: { type: 'integer', deprecated: true, description: 'Without effect, as in llama-swap: set it at the top level.', examples: [300] }
  }
} as const satisfies Schema
