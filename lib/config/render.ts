import { stringify } from 'yaml'
import type { Config, ModelConfig, Timeouts } from './config.ts'
import { maskOf } from './mask.ts'
import type { Mask } from './mask.ts'
import type { Filters, SetParam } from './naming/filters.ts'
import type { Peer } from './naming/peers.ts'
import type { Selector } from './naming/selectors.ts'
import type { Router } from './routing/router.ts'
import { isSecretName } from './source/env.ts'

const HIDDEN = '***'

/** A config as it was understood, as YAML for people to read: defaults filled in, macros replaced, commands as the words they are split into, times in seconds, secrets hidden. */
export function renderConfig (config: Config): string {
  const { models, logLevel, logTimeFormat, logToStdout, includeAliasesInList, apiKeys, metricsMaxInMemory, captureBuffer, store, performance, ui, preload, ignorePaths, routing, peers, selectors, profiles } = config
  const { use, priority, fair } = routing.scheduler
  const data = {
    models: showEach(models, showModel),
    routing: {
      router: showRouter(routing.router),
      scheduler: { use, priority, ...use === 'fair' && { maxWait: seconds(fair.maxWait), minResidency: seconds(fair.minResidency), maxQueue: fair.maxQueue } }
    },
    peers: showEach(peers.peers, showPeer),
    selectors: showEach(selectors, showSelector),
    profiles: showEach(profiles, ({ description, pins }) => ({ description, pins })),
    preload,
    ignorePaths: ignorePaths.map(({ source }) => source),
    apiKeys: apiKeys.map(() => HIDDEN),
    includeAliasesInList,
    logLevel,
    logTimeFormat,
    logToStdout,
    metricsMaxInMemory,
    captureBuffer: captureBuffer / 1024 / 1024,
    store,
    performance: { disabled: performance.disabled, every: seconds(performance.every) },
    ui
  }
  return stringify(toPlain(data, maskOf(config)), { lineWidth: 0, aliasDuplicateObjects: false })
}

function showModel ({ id, launch, startTimeout, ttl, stopGrace, timeouts, checkEndpoint = 'none', filters, ...rest }: ModelConfig): object {
  const { argv, stopArgv, env, proxy, preferredPort } = launch
  return {
    cmd: argv,
    cmdStop: stopArgv,
    proxy: withoutCredentials(proxy),
    preferredPort,
    env: env.map(hideSecret),
    checkEndpoint,
    healthCheckTimeout: seconds(startTimeout),
    ttl: seconds(ttl),
    unloadTimeout: seconds(stopGrace),
    ...rest,
    filters: showFilters(filters),
    timeouts: showTimeouts(timeouts)
  }
}

// Written out in the config, not taken from the gateway's environment.
function hideSecret (pair: string): string {
  const name = pair.split('=', 1)[0]!
  return isSecretName(name) ? `${name}=${HIDDEN}` : pair
}

function showPeer ({ id, proxy, apiKey, filters, timeouts, ...rest }: Peer): object {
  return { proxy: withoutCredentials(proxy), ...rest, apiKey: apiKey && HIDDEN, filters: showFilters(filters), timeouts: showTimeouts(timeouts) }
}

function showSelector ({ id, targets, ...rest }: Selector): object {
  return { ...rest, targets: targets.map(({ name }) => name) }
}

function showRouter (router: Router): object {
  // A list: the operator may have a group of the name that the one for the rest has.
  if (router.kind === 'group') return { use: 'group', groups: router.groups }
  const { sets, costs } = router.matrix
  return { use: 'matrix', sets: Object.fromEntries(sets.map(({ name, dsl }) => [name, dsl])), evict_costs: costs }
}

function showFilters ({ stripParams, setParams, setParamsByID }: Filters): object | undefined {
  if (stripParams.length + setParams.length + setParamsByID.size === 0) return undefined
  return { stripParams: stripParams.map(({ name }) => name), setParams: showParams(setParams), setParamsByID: showEach(setParamsByID, showParams) }
}

function showParams (params: readonly SetParam[]): object {
  return Object.fromEntries(params.map(({ name, json }) => [name, JSON.parse(json)]))
}

function showTimeouts (timeouts: Timeouts): object {
  return Object.fromEntries(Object.entries(timeouts).map(([name, milliseconds]) => [name, seconds(milliseconds)]))
}

function showEach<Value> (values: ReadonlyMap<string, Value>, show: (value: Value) => object): object {
  return Object.fromEntries([...values].map(([name, value]) => [name, show(value)]))
}

function withoutCredentials (url: string): string {
  return url.replace(/\/\/[^/]*@/, `//${HIDDEN}@`)
}

function seconds (milliseconds: number): number {
  return milliseconds / 1000
}

/** Maps as objects, nothing that is empty, and no secret in any text. */
function toPlain (value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask(value)
  if (value instanceof Map) return toPlain(Object.fromEntries(value), mask)
  if (Array.isArray(value)) return value.map((item) => toPlain(item, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, item]) => !isEmpty(item)).map(([key, item]) => [mask(key), toPlain(item, mask)]))
}

function isEmpty (value: unknown): boolean {
  if (value instanceof Map) return value.size === 0
  return value === undefined || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}
