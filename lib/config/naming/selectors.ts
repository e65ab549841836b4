import type { SelectorInput } from '../../../types/selectors.ts'
import type { Problem } from '../problem.ts'
import type { Router } from '../routing/router.ts'
import type { LocalNames } from './local-names.ts'
import type { Peers } from './peers.ts'
import type { Resolution } from './resolution.ts'
import { spilloverProblem } from './spillover.ts'
import { findTarget } from './target.ts'
import type { NamedTarget } from './target.ts'

const STRATEGIES = ['warm', 'pin', 'spillover'] as const

export interface Selector {
  readonly id: string
  readonly strategy: typeof STRATEGIES[number]
  /** At least one. */
  readonly targets: readonly NamedTarget[]
  /** How many requests a target takes before the next one is used. */
  readonly spillover: number
  readonly name: string
  readonly description: string
  readonly unlisted: boolean
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

export interface SelectorContext {
  readonly names: LocalNames
  readonly peers: Peers
  /** Undefined when routing has problems of its own: then nothing is said about who can run together. */
  readonly router: Router | undefined
}

/** The selectors by id; those with problems are left out. */
export function resolveSelectors (input: Record<string, SelectorInput> = {}, context: SelectorContext): Resolution<ReadonlyMap<string, Selector>> {
  const problems: Problem[] = []
  const value = new Map<string, Selector>()
  const ids = new Set(Object.keys(input))
  for (const id of [...ids].sort()) {
    const before = problems.length
    const path = ['selectors', id]
    const { strategy, targets, settings, name = '', description = '', unlisted = false, metadata } = input[id]!
    problems.push(...nameProblems(id, context.names), ...strategyProblems(strategy, path))
    const resolved = resolveTargets(targets ?? [], [...path, 'targets'], ids, context, problems)
    const spillover = settings?.spillover ?? 1
    if (strategy === 'warm') problems.push(...remoteProblems(resolved, targets, path))
    if (strategy === 'spillover') {
      if (!(spillover >= 1)) problems.push({ path: [...path, 'settings', 'spillover'], message: 'must be at least 1' })
      if (problems.length === before) problems.push(...spilloverProblems(resolved, path, context))
    }
    if (problems.length > before) continue
    value.set(id, Object.freeze({ id, strategy, targets: Object.freeze(resolved), spillover, name: name.trim(), description: description.trim(), unlisted, metadata: metadata ?? undefined }))
  }
  return { value, problems, warnings: [] }
}

function nameProblems (id: string, { ids, aliases }: LocalNames): Problem[] {
  const path = ['selectors', id]
  if (id.trim() === '') return [{ path, message: 'the name of a selector must not be empty' }]
  if (ids.has(id)) return [{ path, message: `the name conflicts with the model "${id}"` }]
  const alias = aliases.get(id)
  return alias === undefined ? [] : [{ path, message: `the name conflicts with an alias of the model "${alias.model}"` }]
}

function strategyProblems (strategy: string | undefined, path: Problem['path']): Problem[] {
  if (!strategy) return [{ path: [...path, 'strategy'], message: `is required (valid: ${STRATEGIES.join(', ')})` }]
  if (STRATEGIES.some((known) => known === strategy)) return []
  return [{ path: [...path, 'strategy'], message: `unknown strategy "${strategy}" (valid: ${STRATEGIES.join(', ')})` }]
}

function resolveTargets (targets: readonly string[], path: Problem['path'], selectors: ReadonlySet<string>, { names, peers }: SelectorContext, problems: Problem[]): NamedTarget[] {
  if (targets.length === 0) problems.push({ path, message: 'must name at least one model' })
  const resolved: NamedTarget[] = []
  for (const [index, name] of targets.entries()) {
    const target = selectors.has(name) ? undefined : findTarget(name, names, peers)
    if (target !== undefined) resolved.push(target)
    else if (selectors.has(name)) problems.push({ path: [...path, index], message: `"${name}" is a selector; selectors cannot be chained` })
    else problems.push({ path: [...path, index], message: `unknown model "${name}"` })
  }
  return resolved
}

function remoteProblems (resolved: readonly NamedTarget[], targets: readonly string[], path: Problem['path']): Problem[] {
  return resolved.filter(({ kind }) => kind === 'peer').map(({ name }) => ({ path: [...path, 'targets', targets.indexOf(name)], message: `"${name}" is a peer's; the targets of "warm" must be local models` }))
}

function spilloverProblems (targets: readonly NamedTarget[], path: Problem['path'], { router }: SelectorContext): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const [index, target] of targets.entries()) {
    const key = JSON.stringify(target.kind === 'local' ? [target.model] : [target.peer, target.model])
    const first = seen.get(key)
    if (first !== undefined) problems.push({ path: [...path, 'targets', index], message: `"${target.name}" is the same model as "${first}"` })
    else seen.set(key, target.name)
  }
  const local = targets.flatMap((target) => target.kind === 'local' ? [target.model] : [])
  const message = problems.length === 0 && router !== undefined ? spilloverProblem(local, router) : undefined
  if (message !== undefined) problems.push({ path: [...path, 'targets'], message })
  return problems
}
