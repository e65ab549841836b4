// What the tables of docs/config.md must say, from the schema that configs are checked with.
import { configSchema } from '../../lib/config/schema/config.ts'
import { modelSchema } from '../../lib/config/schema/model.ts'
import { profilesSchema, selectorsSchema } from '../../lib/config/schema/names.ts'
import { peersSchema } from '../../lib/config/schema/peers.ts'
import { groupsSchema, routingSchema } from '../../lib/config/schema/routing.ts'
import { printExample } from '../../lib/config/schema/print.ts'
import { typesOf } from '../../lib/config/schema/schema.ts'
import type { Schema } from '../../lib/config/schema/schema.ts'

export interface KeyRow {
  readonly Key: string
  readonly Type: string
  readonly Default: string
  readonly Meaning: string
  readonly Example: string
}

const tables: Record<string, Schema> = {
  'Top level': configSchema,
  'Each model': modelSchema,
  'The routing block': routingSchema,
  'Each group': groupsSchema.additionalProperties,
  'Each peer': peersSchema.additionalProperties,
  'Each selector': selectorsSchema.additionalProperties,
  'Each profile': profilesSchema.additionalProperties
}

/** The rows of each table, by its heading. */
export function keyTables (): Map<string, KeyRow[]> {
  return new Map(Object.entries(tables).map(([heading, schema]) => [heading, rowsOf(schema, [])]))
}

// Blocks with keys of ours are told key by key; those with a table of their own have one row.
const apart = new Set(['matrix', 'routing'])

function rowsOf (schema: Schema, path: readonly string[]): KeyRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const isBlock = value.properties !== undefined && !(path.length === 0 && apart.has(key))
    return isBlock ? rowsOf(value, [...path, key]) : [rowOf([...path, key].join('.'), value, schema.required?.includes(key) ?? false)]
  })
}

function rowOf (key: string, schema: Schema, isRequired: boolean): KeyRow {
  return {
    Key: key,
    Type: schema.enum?.join(', ') ?? typeName(schema),
    Default: isRequired ? 'required' : printExample(schema.default),
    Meaning: schema.description ?? '',
    Example: printExample(schema.examples?.[0])
  }
}

function typeName (schema: Schema): string {
  const [type] = typesOf(schema)
  if (type === 'array') return schema.items?.enum === undefined ? 'list of strings' : `list of ${schema.items.enum.join(', ')}`
  return type === 'object' ? 'map' : type === 'boolean' ? 'true or false' : type!
}
