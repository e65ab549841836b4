import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'
import { parseDuration } from './duration.ts'
import type { Problem } from './problem.ts'
import { configSchema } from './schema/config.ts'
import { GO_DURATION } from './schema/parts.ts'
import { printExample } from './schema/print.ts'
import type { Schema } from './schema/schema.ts'

// The schema is our own and a test checks it: looking through it at each start takes as long as compiling it.
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, verbose: true, validateSchema: false, meta: false })
ajv.addFormat(GO_DURATION, (text) => parseDuration(text) !== undefined)
const check = ajv.compile(configSchema)

/** Checks the shape of a config. */
export function validate (input: unknown): Problem[] {
  return check(input) ? [] : check.errors!.filter(tellsSomething).map(toProblem)
}

// ajv repeats a failure of `propertyNames` in general words.
function tellsSomething (error: ErrorObject): boolean {
  return error.keyword !== 'propertyNames'
}

function toProblem (error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const schema = error.parentSchema as Schema
  if (error.keyword === 'required') {
    const key = error.params.missingProperty as string
    return { path: [...path, key], message: `is missing${example(schema.properties![key]!, key)}` }
  }
  if (error.propertyName !== undefined) return { path: [...path, error.propertyName], message: 'the model id must not be empty; give it a name' }
  return { path, message: describe(error, schema, path) }
}

function describe ({ keyword, params, data }: ErrorObject, schema: Schema, path: readonly string[]): string {
  const key = path.at(-1)!
  switch (keyword) {
    case 'type':
      if (path.length === 2 && path[0] === 'profiles' && Array.isArray(data)) return 'a profile must be a map with description and pins; the legacy list syntax is no longer supported'
      return `must be ${typeName(params.type)}, not ${kind(data)}${looksQuoted(data, params.type) ? '; remove the quotes' : example(schema, key)}`
    case 'minLength': return `must not be empty${example(schema, key)}`
    case 'minItems': case 'minProperties': return `must contain at least one entry${example(schema, key)}`
    case 'minimum': return `must be >= ${params.limit}, not ${data}${example(schema, key)}`
    case 'maximum': return `must be <= ${params.limit}, not ${data}${example(schema, key)}`
    case 'enum': return `must be one of: ${(params.allowedValues as string[]).join(', ')}; not ${JSON.stringify(data)}`
    case 'format': return `must be a length of time such as 5s, not ${JSON.stringify(data)}`
    // Keys only, whose values are not shown.
    case 'pattern': return 'api key cannot contain spaces; remove them'
    default: return 'is invalid'
  }
}

function example ({ type, examples, default: fallback }: Schema, key: string): string {
  const text = type === 'boolean' || type === 'object' ? '' : printExample(examples?.[0] ?? fallback)
  return text === '' ? '' : `; such as "${/^\d+$/.test(key) ? '' : `${key}: `}${text}"`
}

const typeNames: Record<string, string> = { object: 'a map', array: 'a list', integer: 'an integer', string: 'a string', boolean: 'true or false', number: 'a number', null: 'null' }

function typeName (type: string | string[]): string {
  return [type].flat().filter((name) => name !== 'null').map((name) => typeNames[name]).join(' or ')
}

function looksQuoted (data: unknown, type: string): boolean {
  if (typeof data !== 'string') return false
  return type === 'integer' ? /^-?\d+$/.test(data) : type === 'boolean' && /^(true|false)$/i.test(data)
}

function kind (data: unknown): string {
  if (data === null) return 'empty'
  if (Array.isArray(data)) return 'a list'
  if (typeof data === 'object') return 'a map'
  return typeof data === 'boolean' ? String(data) : `a ${typeof data}`
}
