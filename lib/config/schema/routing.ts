import { seconds, texts } from './parts.ts'
import type { Schema } from './schema.ts'

export const groupsSchema = {
  type: 'object',
  description: 'Groups of models that share room. Models in none of them are in one of their own, "(default)".',
  examples: [{ chat: { members: ['qwen', 'gemma'] } }],
  additionalProperties: {
    type: 'object',
    properties: {
      swap: { type: 'boolean', default: true, description: 'Only one of the members runs at a time.', examples: [false] },
      exclusive: { type: 'boolean', default: true, description: 'A start of a member stops the models of other groups.', examples: [false] },
      persistent: { type: 'boolean', default: false, description: 'The members keep running when a model of an exclusive other group starts.', examples: [true] },
      members: { ...texts, default: [], description: 'Models by id or alias. A model belongs to one group at most.', examples: [['qwen', 'gemma']] }
    }
  }
} as const satisfies Schema

export const matrixSchema = {
  type: 'object',
  description: 'Which models may run together, as sets.',
  examples: [{ sets: { pair: 'qwen & nomic' } }],
  properties: {
    vars: { type: 'object', additionalProperties: { type: 'string' }, description: 'Short names for models: 1 to 32 letters, digits, "-" or "." -> the id of a model.', examples: [{ q: 'qwen' }] },
    evict_costs: { type: 'object', additionalProperties: { type: 'integer' }, description: 'What it costs to stop a model, by var or id: whole numbers above 0. Default 1. The cheapest stops are chosen.', examples: [{ q: 5 }] },
    sets: { type: 'object', additionalProperties: { type: 'string' }, description: 'Name -> expression: "a & b" run together, "a | b" are alternatives, "+name" is another set.', examples: [{ chat: 'q & (g | n)' }] }
  }
} as const satisfies Schema

export const routingSchema = {
  type: 'object',
  description: 'Who runs beside whom, and who is served next.',
  examples: [{ scheduler: { use: 'fifo' } }],
  properties: {
    router: {
      type: 'object',
      description: 'Who runs beside whom.',
      properties: {
        use: { type: 'string', enum: ['group', 'matrix'], default: 'group', description: 'Which of the settings counts.', examples: ['matrix'] },
        settings: {
          type: 'object',
          description: 'Both may be there; "use" selects.',
          properties: { groups: groupsSchema, matrix: matrixSchema }
        }
      }
    },
    scheduler: {
      type: 'object',
      description: 'Who is served next.',
      properties: {
        use: { type: 'string', enum: ['fair', 'fifo'], default: 'fair', description: '"fair": nobody starves. "fifo": the order of llama-swap.', examples: ['fifo'] },
        settings: {
          type: 'object',
          description: 'Settings of the schedulers.',
          properties: {
            fifo: {
              type: 'object',
              description: 'Settings that both schedulers heed.',
              properties: {
                priority: { type: 'object', additionalProperties: { type: 'integer' }, description: 'Model, by id or alias -> priority; the higher is served first. Default 0.', examples: [{ qwen: 10 }] }
              }
            },
            fair: {
              type: 'object',
              description: 'Settings of "fair". llama-swap ignores these keys.',
              properties: {
                maxWait: { ...seconds, type: 'number', default: 10, description: 'Seconds that a request waits for room before new requests for the model that holds it queue behind it.', examples: [5] },
                minResidency: { ...seconds, type: 'number', default: 30, description: 'Seconds that a model which was just loaded keeps its place, at most.', examples: [60] },
                maxQueue: { type: 'integer', minimum: 1, default: 512, description: 'How many requests may wait in all; the next is refused with 503.', examples: [100] }
              }
            }
          }
        }
      }
    }
  }
} as const satisfies Schema
