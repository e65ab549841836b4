import type { ConfigInput } from '../../types/config.ts'
import { LOG_TIME_FORMATS } from './config.ts'
import type { Config, ModelConfig } from './config.ts'
import { parseDuration } from './duration.ts'
import { resolveLocalNames } from './naming/aliases.ts'
import { resolveModel } from './model.ts'
import { resolvePeers } from './naming/peers.ts'
import { resolvePreload } from './naming/preload.ts'
import { resolveProfiles } from './naming/profiles.ts'
import type { Resolution } from './naming/resolution.ts'
import { resolveSelectors } from './naming/selectors.ts'
import type { Problem } from './problem.ts'
import { resolveIgnorePaths } from './routing/ignore-paths.ts'
import { resolveRouting } from './routing/routing.ts'
import { DEFAULT_CAPTURE_BUFFER, DEFAULT_METRICS_MAX, DEFAULT_PERFORMANCE_EVERY, DEFAULT_SESSION_HEADERS } from './schema/defaults.ts'

const LOG_LEVELS = ['debug', 'warn', 'error'] as const
const MIN_EVERY = 5000
const MIB = 1024 * 1024

/** Fills in the defaults and checks what the keys mean together, in the order of llama-swap. The ports are the preferred ones, by model. */
export function resolve (input: ConfigInput, ports: ReadonlyMap<string, number> = new Map()): Resolution<Config> {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const take = <Value>(resolution: Resolution<Value>): Value => {
    problems.push(...resolution.problems)
    warnings.push(...resolution.warnings)
    return resolution.value
  }
  const performance = resolvePerformance(input.performance, problems)
  if (input.store?.path.trim() === '') problems.push({ path: ['store', 'path'], message: 'must not be empty; name a file, or remove "store" to keep activity in memory' })
  const inputs = input.models ?? {}
  const names = take(resolveLocalNames(inputs))
  const models = new Map<string, ModelConfig>()
  for (const id of names.ids) {
    const model = resolveModel(id, inputs[id]!, { top: input, names, preferredPort: ports.get(id), problems, warnings })
    if (model !== undefined) models.set(id, model)
  }
  const before = problems.length
  const routing = take(resolveRouting(input, { names }))
  const router = problems.length > before ? undefined : routing.router
  const ignorePaths = take(resolveIgnorePaths(input.upstream?.ignorePaths))
  const peers = take(resolvePeers(input.peers, { names, selectors: input.selectors, profiles: input.profiles }))
  const preload = take(resolvePreload(input.hooks?.on_startup?.preload, { names, peers }))
  const selectors = take(resolveSelectors(input.selectors, { names, peers, router }))
  const profiles = take(resolveProfiles(input.profiles, { names, peers, selectors: new Set(Object.keys(input.selectors ?? {})) }))

  const config: Config = {
    models,
    logLevel: LOG_LEVELS.find((level) => level === input.logLevel?.trim().toLowerCase()) ?? 'info',
    logTimeFormat: LOG_TIME_FORMATS.find((format) => format === input.logTimeFormat?.trim().toLowerCase()),
    logToStdout: input.logToStdout ?? 'proxy',
    includeAliasesInList: input.includeAliasesInList ?? false,
    apiKeys: Object.freeze(input.apiKeys ?? []),
    metricsMaxInMemory: positive(input.metricsMaxInMemory) ?? DEFAULT_METRICS_MAX,
    captureBuffer: Math.max(0, input.captureBuffer ?? DEFAULT_CAPTURE_BUFFER) * MIB,
    store: input.store,
    performance,
    ui: Object.freeze({ sessionHeaders: resolveHeaders(input.ui?.activity?.session_id ?? DEFAULT_SESSION_HEADERS) }),
    preload,
    ignorePaths,
    routing,
    peers,
    selectors,
    profiles
  }
  return { value: Object.freeze(config), problems, warnings }
}

function positive (value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

function resolvePerformance ({ disabled = false, every = DEFAULT_PERFORMANCE_EVERY }: ConfigInput['performance'] = {}, problems: Problem[]): Config['performance'] {
  const milliseconds = parseDuration(every) || parseDuration(DEFAULT_PERFORMANCE_EVERY)!
  if (milliseconds < MIN_EVERY) problems.push({ path: ['performance', 'every'], message: `must be at least 5s, got ${every}` })
  return Object.freeze({ disabled, every: milliseconds })
}

// Names of headers: case does not matter, the first spelling is kept.
function resolveHeaders (names: readonly string[]): readonly string[] {
  const headers = new Map<string, string>()
  for (const name of names.map((name) => name.trim())) {
    if (name !== '' && !headers.has(name.toLowerCase())) headers.set(name.toLowerCase(), name)
  }
  return Object.freeze([...headers.values()])
}
