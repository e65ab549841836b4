import type { LlamaSwapOptions, RouteFamilies, RouteHooks } from '../types/options.ts'
import { errors } from './errors.ts'

export type Family = keyof RouteFamilies

/** The plugin's options with every default filled in. */
export interface ResolvedOptions {
  readonly config: LlamaSwapOptions['config']
  readonly prefix: string
  readonly decorator: string
  /** The hooks of each family that is on. */
  readonly hooks: ReadonlyMap<Family, RouteHooks>
  /** Whether `/upstream` lets any path through, not only those of the inference routes. */
  readonly anyUpstreamPath: boolean
  readonly admit: LlamaSwapOptions['admit']
  readonly inheritEnv: LlamaSwapOptions['inheritEnv']
  readonly instance: string | undefined
  readonly bodyLimit: number
  readonly bodyBudget: number
  readonly drainTimeout: number
  readonly forwardAuthorization: boolean
  readonly upgrades: boolean
  readonly strict: boolean
}

const MIB = 1024 * 1024
const known = new Set<string>(['config', 'prefix', 'decorator', 'routes', 'admit', 'inheritEnv', 'instance', 'bodyLimit', 'bodyBudget', 'drainTimeout', 'forwardAuthorization', 'upgrades', 'strict'])
// Fastify's own, for `register`.
const foreign = new Set(['logLevel', 'logSerializers'])

/**
 * Checks the plugin's options and fills in the defaults.
 *
 * @throws an `FST_LS_OPTIONS` error that names all that is wrong
 */
export function resolveOptions (options: LlamaSwapOptions): ResolvedOptions {
  const problems = [...unknownKeys(options), ...wrongValues(options)]
  if (problems.length > 0) throw new errors.Options(`invalid options: ${problems.join('; ')}`)
  const { routes = {}, prefix = '' } = options
  const { inference = true, upstream = 'inference', admin = false, compat = false, health = prefix !== '' && prefix !== '/' } = routes
  const families: Required<RouteFamilies> = { inference, upstream, admin, compat, health }
  return {
    config: options.config,
    prefix,
    decorator: options.decorator ?? 'llamaSwap',
    hooks: new Map((Object.keys(families) as Family[]).filter((family) => families[family] !== false).map((family) => {
      const value = families[family]
      return [family, typeof value === 'object' ? value : {}]
    })),
    anyUpstreamPath: families.upstream === true,
    admit: options.admit,
    inheritEnv: options.inheritEnv,
    instance: options.instance,
    bodyLimit: options.bodyLimit ?? 128 * MIB,
    bodyBudget: options.bodyBudget ?? 512 * MIB,
    drainTimeout: options.drainTimeout ?? 10_000,
    forwardAuthorization: options.forwardAuthorization ?? false,
    upgrades: options.upgrades ?? false,
    strict: options.strict ?? false
  }
}

function unknownKeys (options: object): string[] {
  return Object.keys(options).filter((key) => !known.has(key) && !foreign.has(key)).map((key) => `unknown option "${key}"`)
}

/**
 * Checks a config given to `reload`.
 *
 * @throws an `FST_LS_OPTIONS` error
 */
export function checkConfigOption (config: unknown): void {
  const [problem] = wrongConfig(config)
  if (problem !== undefined) throw new errors.Options(`invalid options: ${problem}`)
}

function wrongConfig (config: unknown): string[] {
  const isPath = (path: unknown): boolean => typeof path === 'string'
  const isFine = Array.isArray(config) ? config.length > 0 && config.every(isPath) : isPath(config) || (typeof config === 'object' && config !== null)
  return isFine ? [] : ['"config" must be the path of a YAML file or of a directory, a list of such paths, or an object']
}

function wrongValues (options: LlamaSwapOptions): string[] {
  const { config, inheritEnv } = options
  const problems = wrongConfig(config)
  for (const key of ['bodyLimit', 'bodyBudget', 'drainTimeout'] as const) {
    const value = options[key]
    if (value !== undefined && !(Number.isFinite(value) && value >= 0)) problems.push(`"${key}" must be a number, 0 or more`)
  }
  for (const key of ['prefix', 'decorator', 'instance'] as const) {
    if (options[key] !== undefined && typeof options[key] !== 'string') problems.push(`"${key}" must be a string`)
  }
  for (const key of ['forwardAuthorization', 'upgrades', 'strict'] as const) {
    if (options[key] !== undefined && typeof options[key] !== 'boolean') problems.push(`"${key}" must be true or false`)
  }
  if (options.admit !== undefined && typeof options.admit !== 'function') problems.push('"admit" must be a function')
  const isNames = inheritEnv === true || (Array.isArray(inheritEnv) && inheritEnv.every((name) => typeof name === 'string'))
  if (inheritEnv !== undefined && !isNames) problems.push('"inheritEnv" must be a list of names, or true')
  return [...problems, ...wrongRoutes(options.routes)]
}

function wrongRoutes (routes: unknown): string[] {
  if (routes === undefined) return []
  if (typeof routes !== 'object' || routes === null) return ['"routes" must be an object']
  const families = ['inference', 'upstream', 'admin', 'compat', 'health']
  return Object.entries(routes).flatMap(([family, value]) => {
    if (!families.includes(family)) return [`unknown family of routes "${family}": there are ${families.join(', ')}`]
    const isFine = ['boolean', 'undefined'].includes(typeof value) || (typeof value === 'object' && value !== null) || (family === 'upstream' && value === 'inference')
    return isFine ? [] : [`"routes.${family}" must be true, false${family === 'upstream' ? ', "inference"' : ''} or an object of hooks`]
  })
}
