import type { LaunchSpec } from '../../types/launcher.ts'
import type { ModelInput } from '../../types/model.ts'
import { EmptyCommand, splitCommand } from './command.ts'
import { proxyProblem, socketProblem } from './naming/proxy-url.ts'
import type { Problem } from './problem.ts'
import { DEFAULT_PROXY } from './schema/defaults.ts'

const ANY_PORT = '65535'

/** How a model's server is started, stopped and reached. Undefined if that cannot be told. */
export function resolveLaunch (id: string, { cmd, cmdStop = '', env = [], proxy = DEFAULT_PROXY }: ModelInput, preferredPort: number | undefined, problems: Problem[], warnings: Problem[]): LaunchSpec | undefined {
  const path = ['models', id]
  const argv = words(cmd, [...path, 'cmd'], problems)
  const stopArgv = cmdStop.trim() === '' ? undefined : words(cmdStop, [...path, 'cmdStop'], problems)
  const problem = proxy.startsWith('unix:') ? socketProblem(proxy) : proxyProblem(proxy.replaceAll('${PORT}', ANY_PORT))
  if (problem !== undefined) problems.push({ path: [...path, 'proxy'], message: proxy.includes('${PORT}') ? problem.replaceAll(ANY_PORT, '${PORT}') : problem })
  else if (!proxy.startsWith('unix:') && /[?#]/.test(proxy)) warnings.push({ path: [...path, 'proxy'], message: 'only scheme, host, port and path count; what follows "?" or "#" is left out' })
  const pairs = env.filter((pair, index) => isPair(pair, [...path, 'env', index], problems, warnings))
  if (argv === undefined) return undefined
  return Object.freeze({
    argv: Object.freeze(argv),
    env: Object.freeze(pairs),
    proxy,
    ...(stopArgv !== undefined && { stopArgv: Object.freeze(stopArgv) }),
    ...(preferredPort !== undefined && { preferredPort })
  })
}

function words (command: string, path: Problem['path'], problems: Problem[]): string[] | undefined {
  if (command.includes('\0')) problems.push({ path, message: 'a command cannot hold null bytes; take them out' })
  try {
    return splitCommand(command)
  } catch (error) {
    if (!(error instanceof EmptyCommand)) throw error
    problems.push({ path, message: `${error.message}; write the program and its arguments` })
    return undefined
  }
}

// llama-swap hands on what is none; no program sees it.
function isPair (pair: string, path: Problem['path'], problems: Problem[], warnings: Problem[]): boolean {
  if (pair.includes('\0')) problems.push({ path, message: 'a variable cannot hold null bytes; take them out' })
  if (pair.indexOf('=') > 0) return true
  warnings.push({ path, message: 'must have the form NAME=value, left out' })
  return false
}
