import { configSchema } from './config.ts'
import { GO_DURATION } from './parts.ts'
import { typesOf } from './schema.ts'
import type { Schema } from './schema.ts'

// What may stand in the place of any number or boolean.
const macro = { type: 'string', pattern: '\\$\\{[a-zA-Z0-9_.-]+\\}' }

/** The schema for editors: that of the validation, and what is put right before it: macros, numbers where text is due, keys with nothing. */
export function publishedSchema (): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'llama-swap config',
    ...publish(configSchema),
    description: 'The config of fastify-llama-swap and llama-swap.',
    patternProperties: { '^x-': { description: 'Yours: a place for what anchors repeat.' } }
  }
}

function publish ({ description, default: fallback, examples, deprecated, writeOnly, ...schema }: Schema): object {
  const notes = { description, default: fallback, examples, deprecated, writeOnly }
  return { ...notes, ...accept(schema) }
}

function accept (schema: Schema): object {
  const types = typesOf(schema)
  if (types.length === 0) return schema
  if (types.includes('object')) return publishObject(schema)
  if (types.includes('array')) return { ...schema, type: ['array', 'null'], items: publish(schema.items!) }
  if (schema.enum !== undefined) return { anyOf: [{ enum: [...schema.enum, null] }, macro] }
  // Not a format that editors know, and no number stands for one.
  if (schema.format === GO_DURATION) return { type: ['string', 'null'], pattern: '^-?(0|(\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|ms|s|m|h))+$|\\$\\{' }
  if (types.includes('string')) return { ...schema, type: ['string', 'number', 'boolean', 'null'] }
  return { anyOf: [{ ...schema, type: [...types, 'null'] }, macro] }
}

// A key with nothing is as good as none, but a model of nothing is not one.
function publishEntry (schema: Schema): object {
  return schema.type === 'object' ? { ...publish(schema), type: 'object' } : publish(schema)
}

// Names of the operator's own, or ours alone: there an unknown one is most likely mistyped.
function publishObject ({ type, properties, additionalProperties, ...rest }: Schema): object {
  return {
    type: ['object', 'null'],
    ...rest,
    ...properties !== undefined && { properties: Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, publish(schema)])) },
    additionalProperties: additionalProperties === undefined ? false : publishEntry(additionalProperties)
  }
}
