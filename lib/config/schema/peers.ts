import { DEFAULT_PEER_TIMEOUTS } from './defaults.ts'
import { peerFiltersSchema } from './filters.ts'
import { texts } from './parts.ts'
import type { Schema } from './schema.ts'
import { timeoutsSchema } from './timeouts.ts'

export const peersSchema = {
  type: 'object',
  description: 'Other gateways, or providers, that serve models of their own.',
  examples: [{ other: { proxy: 'http://192.168.1.10:8080', models: ['mistral'] } }],
  additionalProperties: {
    type: 'object',
    required: ['proxy', 'models'],
    properties: {
      proxy: { type: 'string', minLength: 1, description: 'Its base URL. A path is put before the path of every request.', examples: ['https://openrouter.ai/api'] },
      apiKey: { type: 'string', writeOnly: true, default: '', description: 'Replaces the credentials of the client.', examples: ['${env.PEER_KEY}'] },
      models: { ...texts, minItems: 1, description: 'The models that it serves. Each is reached as peer/model, and by its bare name if no other peer has it.', examples: [['qwen']] },
      filters: peerFiltersSchema,
      timeouts: timeoutsSchema(DEFAULT_PEER_TIMEOUTS)
    }
  }
} as const satisfies Schema
