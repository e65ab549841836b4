import type { ConfigInput, ModelInput, TimeoutsInput } from '../../types/config.ts'
import type { LaunchSpec } from '../../types/launcher.ts'
import { EmptyCommand, splitCommand } from './command.ts'
import type { Config, ModelConfig, Timeouts } from './config.ts'
import { expandMacros } from './macros.ts'
import type { Problem } from './problem.ts'

const DEFAULT_START_PORT = 5800
const MIN_HEALTH_CHECK_TIMEOUT = 15
const LOG_LEVELS = ['debug', 'warn', 'error'] as const

/** Fills in the defaults (llama-swap's) and gives each model its preferred port, in sorted order of the ids. */
export function resolve (input: ConfigInput): { config: Config, problems: Problem[] } {
  const problems: Problem[] = []
  const models = new Map<string, ModelConfig>()
  let port = input.startPort ?? DEFAULT_START_PORT
  for (const id of Object.keys(input.models ?? {}).sort()) {
    const expanded = expandMacros(id, input.models![id]!)
    const usesPort = expanded.model.cmd.includes('${PORT}')
    const launch = resolveLaunch(id, expanded.model, usesPort ? port++ : undefined, problems)
    problems.push(...expanded.problems)
    if (launch !== undefined) models.set(id, Object.freeze(resolveModel(id, expanded.model, launch, input)))
  }
  problems.push(...aliasProblems(models))
  const logLevel = LOG_LEVELS.find((level) => level === input.logLevel?.trim().toLowerCase()) ?? 'info'
  return { config: Object.freeze({ models, logLevel }), problems }
}

function resolveModel (id: string, model: ModelInput, launch: LaunchSpec, top: ConfigInput): ModelConfig {
  const ttl = model.ttl === undefined || model.ttl === -1 ? top.globalTTL ?? 0 : model.ttl
  const checkEndpoint = model.checkEndpoint?.trim() ?? '/health'
  return {
    id,
    launch,
    aliases: Object.freeze(model.aliases ?? []),
    checkEndpoint: checkEndpoint === 'none' ? undefined : checkEndpoint,
    startTimeout: Math.max(top.healthCheckTimeout ?? 120, MIN_HEALTH_CHECK_TIMEOUT) * 1000,
    ttl: ttl * 1000,
    stopGrace: (model.unloadTimeout || top.unloadTimeout || 10) * 1000,
    timeouts: Object.freeze(resolveTimeouts(model.timeouts)),
    unlisted: model.unlisted ?? false,
    name: model.name?.trim() ?? '',
    description: model.description?.trim() ?? ''
  }
}

// llama-swap's defaults, Go's http.Transport; `expectContinue` has no meaning here, since Expect is answered at the door.
function resolveTimeouts ({ connect = 30, keepalive = 30, responseHeader = 0, tlsHandshake = 10, idleConn = 90 }: TimeoutsInput = {}): Timeouts {
  return {
    connect: connect * 1000,
    keepalive: keepalive * 1000,
    responseHeader: responseHeader * 1000,
    tlsHandshake: tlsHandshake * 1000,
    idleConn: idleConn * 1000
  }
}

function resolveLaunch (id: string, model: ModelInput, preferredPort: number | undefined, problems: Problem[]): LaunchSpec | undefined {
  const argv = words(model.cmd, ['models', id, 'cmd'], problems)
  const stopArgv = model.cmdStop === undefined || model.cmdStop.trim() === '' ? undefined : words(model.cmdStop, ['models', id, 'cmdStop'], problems)
  const proxy = model.proxy!
  if (!isHttpUrl(proxy.replaceAll('${PORT}', '1'))) {
    problems.push({ path: ['models', id, 'proxy'], message: `invalid proxy URL "${proxy}": must be like http://localhost:8080` })
  }
  if (argv === undefined) return undefined
  return Object.freeze({
    argv: Object.freeze(argv),
    env: Object.freeze(model.env ?? []),
    proxy,
    ...(stopArgv !== undefined && { stopArgv: Object.freeze(stopArgv) }),
    ...(preferredPort !== undefined && { preferredPort })
  })
}

function words (command: string, path: Problem['path'], problems: Problem[]): string[] | undefined {
  try {
    return splitCommand(command)
  } catch (error) {
    if (!(error instanceof EmptyCommand)) throw error
    problems.push({ path, message: error.message })
    return undefined
  }
}

function isHttpUrl (text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function aliasProblems (models: ReadonlyMap<string, ModelConfig>): Problem[] {
  const problems: Problem[] = []
  const owners = new Map<string, string>()
  for (const { id, aliases } of models.values()) {
    for (const alias of aliases) {
      const owner = owners.get(alias)
      if (owner !== undefined) problems.push({ path: ['models', id, 'aliases'], message: `duplicate alias ${alias}: the model ${owner} has it too` })
      owners.set(alias, id)
    }
  }
  return problems
}
