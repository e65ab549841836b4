import type { ConfigInput } from '../../types/config.ts'
import type { CapabilitiesInput, ModelInput } from '../../types/model.ts'
import { BadPath, resolveCheckEndpoint } from './check-endpoint.ts'
import type { Capabilities, ModelConfig } from './config.ts'
import { resolveLaunch } from './launch.ts'
import { resolveFilters } from './naming/filters.ts'
import type { LocalNames } from './naming/local-names.ts'
import type { Problem } from './problem.ts'
import { DEFAULT_CHECK_ENDPOINT, DEFAULT_HEALTH_CHECK_TIMEOUT, DEFAULT_TIMEOUTS, DEFAULT_UNLOAD_TIMEOUT, MIN_HEALTH_CHECK_TIMEOUT } from './schema/defaults.ts'
import { resolveTimeouts } from './timeouts.ts'

export interface ModelContext {
  readonly top: ConfigInput
  readonly names: LocalNames
  readonly preferredPort: number | undefined
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

// Its pages open many connections, and keep a websocket open for as long as they are there.
const COMFYUI = 'comfyui_auto'
const COMFYUI_LIMIT = 50

/** One model with every default filled in; undefined if it cannot be started. */
export function resolveModel (id: string, model: ModelInput, { top, names, preferredPort, problems, warnings }: ModelContext): ModelConfig | undefined {
  const launch = resolveLaunch(id, model, preferredPort, problems, warnings)
  const checkEndpoint = readCheckEndpoint(id, model.checkEndpoint, problems)
  const filters = resolveFilters(model.filters, ['models', id, 'filters'], problems, warnings)
  if (launch === undefined) return undefined
  const { ttl = -1, concurrencyLimit = 0 } = model
  const isComfyui = id === COMFYUI
  return Object.freeze({
    id,
    launch,
    aliases: Object.freeze([...names.aliases].filter(([, alias]) => alias.model === id).map(([name]) => name)),
    checkEndpoint,
    startTimeout: Math.max(top.healthCheckTimeout ?? DEFAULT_HEALTH_CHECK_TIMEOUT, MIN_HEALTH_CHECK_TIMEOUT) * 1000,
    ttl: (ttl === -1 ? top.globalTTL ?? 0 : ttl) * 1000,
    stopGrace: (model.unloadTimeout || top.unloadTimeout || DEFAULT_UNLOAD_TIMEOUT) * 1000,
    timeouts: resolveTimeouts(model.timeouts, DEFAULT_TIMEOUTS),
    unlisted: model.unlisted ?? false,
    name: model.name?.trim() ?? '',
    description: model.description?.trim() ?? '',
    useModelName: model.useModelName || undefined,
    concurrencyLimit: concurrencyLimit <= 0 ? undefined : isComfyui ? Math.max(concurrencyLimit, COMFYUI_LIMIT) : concurrencyLimit,
    filters,
    metadata: model.metadata,
    sendLoadingState: model.sendLoadingState ?? top.sendLoadingState ?? false,
    ignoreWebsockets: isComfyui || (model.compat?.ignoreWebsockets ?? false),
    capabilities: resolveCapabilities(model.capabilities)
  })
}

function readCheckEndpoint (id: string, text: string = DEFAULT_CHECK_ENDPOINT, problems: Problem[]): string | undefined {
  try {
    return resolveCheckEndpoint(text)
  } catch (error) {
    if (!(error instanceof BadPath)) throw error
    problems.push({ path: ['models', id, 'checkEndpoint'], message: error.message })
    return undefined
  }
}

/** A block that tells nothing is none. */
function resolveCapabilities ({ in: reads = [], out: writes = [], tools = false, reranker = false, context = 0 }: CapabilitiesInput = {}): Capabilities | undefined {
  if (reads.length === 0 && writes.length === 0 && !tools && !reranker && context === 0) return undefined
  return Object.freeze({ in: Object.freeze(reads), out: Object.freeze(writes), tools, reranker, context })
}
