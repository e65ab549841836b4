import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'
import type { ConfigInput } from '../../types/config.ts'
import type { Problem } from './problem.ts'
import { configSchema, modelSchema } from './schema.ts'

export interface Validated {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

const check = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, verbose: true }).compile(configSchema)

/** Checks the shape of a config; says which keys are unknown and which have no effect yet. */
export function validate (input: unknown): Validated {
  if (!check(input)) return { problems: check.errors!.filter(tellsSomething).map(toProblem), warnings: [] }
  const config = input as ConfigInput
  const warnings = idleKeys(config, configSchema.properties, [])
  for (const [id, model] of Object.entries(config.models ?? {})) {
    warnings.push(...idleKeys(model, modelSchema.properties, ['models', id]))
    warnings.push(...idleKeys(model.timeouts ?? {}, modelSchema.properties.timeouts.properties, ['models', id, 'timeouts']))
  }
  return { problems: refusals(config), warnings }
}

// A key that promises protection must not be a mere warning.
function refusals ({ apiKeys }: ConfigInput): Problem[] {
  if (apiKeys == null || (Array.isArray(apiKeys) && apiKeys.length === 0)) return []
  return [{ path: ['apiKeys'], message: 'keys are not enforced yet, so they are refused; remove them and protect the routes with the host\'s auth plugin' }]
}

function idleKeys (object: object, known: Record<string, object>, path: Problem['path']): Problem[] {
  const warnings: Problem[] = []
  for (const key of Object.keys(object)) {
    if (key === 'apiKeys' && path.length === 0) continue
    const schema = Object.hasOwn(known, key) ? known[key] : undefined
    if (schema === undefined) warnings.push({ path: [...path, key], message: 'unknown key, ignored' })
    else if (Object.keys(schema).length === 0) warnings.push({ path: [...path, key], message: 'has no effect yet' })
  }
  return warnings
}

// ajv repeats a failure of `propertyNames` in general words.
function tellsSomething (error: ErrorObject): boolean {
  return error.keyword !== 'propertyNames'
}

function toProblem (error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (error.keyword === 'required') return { path: [...path, error.params.missingProperty], message: 'is missing' }
  if (error.propertyName !== undefined) return { path: [...path, error.propertyName], message: 'the model id must not be empty' }
  if (error.keyword === 'type') return { path, message: `must be ${article(error.params.type)}, not ${kind(error.data)}` }
  if (error.keyword === 'pattern' && path.at(-1) === 'checkEndpoint') return { path, message: 'must be a path that starts with "/", or "none"' }
  if (error.keyword === 'pattern' && path.includes('env')) return { path, message: 'must have the form NAME=value' }
  return { path, message: error.message ?? 'is invalid' }
}

function article (type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}

function kind (data: unknown): string {
  if (data === null) return 'empty'
  return Array.isArray(data) ? 'a list' : article(typeof data)
}
