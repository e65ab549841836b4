import type { Schema } from './schema.ts'

export const macrosSchema = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  propertyNames: { pattern: '^[a-zA-Z0-9_-]{1,63}$' },
  examples: [{ threads: 8 }]
} as const satisfies Schema
