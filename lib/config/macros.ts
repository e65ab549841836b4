import type { ModelInput } from '../../types/config.ts'
import { stripComments } from './command.ts'
import type { Problem } from './problem.ts'

const MACRO = /\$\{([^{}]*)\}/g

// Where the late-bound macros may stand; MODEL_ID may stand in all of these.
const fields = ['cmd', 'cmdStop', 'proxy', 'checkEndpoint', 'name', 'description'] as const

/** Replaces `${MODEL_ID}`; leaves `${PORT}` and `${PID}`, which are bound when the server is started or stopped. */
export function expandMacros (id: string, model: ModelInput): { model: ModelInput, problems: Problem[] } {
  const problems: Problem[] = []
  const path = (field: string): Problem['path'] => ['models', id, field]
  const expanded: ModelInput = { ...model, cmd: stripComments(model.cmd), proxy: model.proxy ?? 'http://localhost:${PORT}' }
  if (expanded.cmdStop !== undefined) expanded.cmdStop = stripComments(expanded.cmdStop)
  const usesPort = expanded.cmd.includes('${PORT}')
  const expand = (text: string, at: Problem['path']): string => text.replace(MACRO, (macro, name: string) => {
    if (name === 'MODEL_ID') return id
    if (name === 'PORT' && usesPort) return macro
    if (name === 'PID' && at.at(-1) === 'cmdStop') return macro
    const message = name === 'PORT'
      ? 'uses ${PORT} but cmd does not: ${PORT} is only available when used in cmd'
      : `unknown macro '${macro}'`
    problems.push({ path: at, message })
    return macro
  })
  for (const field of fields) {
    if (expanded[field] !== undefined) expanded[field] = expand(expanded[field], path(field))
  }
  for (const list of ['env', 'aliases'] as const) {
    if (expanded[list] !== undefined) expanded[list] = expanded[list].map((text, index) => expand(text, [...path(list), index]))
  }
  return { model: expanded, problems }
}
