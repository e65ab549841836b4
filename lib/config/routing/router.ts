import type { GroupInput, MatrixInput, RouterInput } from '../../../types/routing.ts'
import type { LocalNames } from '../naming/local-names.ts'
import type { Resolution } from '../naming/resolution.ts'
import type { Problem } from '../problem.ts'
import { resolveGroups } from './groups.ts'
import type { Groups } from './groups.ts'
import { resolveMatrix } from './matrix.ts'
import type { Matrix } from './matrix.ts'

/** Who runs beside whom. */
export type Router =
  | { readonly kind: 'group' } & Groups
  | { readonly kind: 'matrix', readonly matrix: Matrix }

/** The keys that the choice depends on; `groups` and `matrix` are the top level's, the form of old. */
export interface RouterSources {
  readonly groups?: Record<string, GroupInput> | undefined
  readonly matrix?: MatrixInput | undefined
  readonly router?: RouterInput | undefined
}

interface Choice {
  readonly groups: Record<string, GroupInput>
  readonly matrix: MatrixInput | undefined
  readonly use: 'group' | 'matrix'
  readonly path: Problem['path']
}

const SETTINGS = ['routing', 'router', 'settings']

/** Resolves what `use` chooses; the other settings stay unread, as in llama-swap, but not without a warning. */
export function resolveRouter (sources: RouterSources, names: LocalNames): Resolution<Router> {
  const problems: Problem[] = []
  const { use, groups, matrix, path } = choose(sources, problems)
  const idle = use === 'group' ? matrix != null && 'matrix' : filled(groups) && 'groups'
  const warnings = idle === false ? [] : [{ path: [...path, idle], message: `has no effect: routing.router.use is "${use}"` }]
  if (use === 'matrix') {
    const resolved = resolveMatrix(matrix ?? {}, [...path, 'matrix'], names.ids)
    return { value: Object.freeze({ kind: 'matrix', matrix: resolved.value }), problems: [...problems, ...resolved.problems], warnings: [...warnings, ...resolved.warnings] }
  }
  const resolved = resolveGroups(groups, [...path, 'groups'], names)
  return { value: Object.freeze({ kind: 'group', ...resolved.value }), problems: [...problems, ...resolved.problems], warnings: [...warnings, ...resolved.warnings] }
}

function choose ({ groups, matrix, router }: RouterSources, problems: Problem[]): Choice {
  const { use, settings } = router ?? {}
  const old = filled(groups) ? 'groups' : matrix != null && 'matrix'
  if (old === false) return chosen(use, settings ?? {}, problems)
  if (use || filled(settings?.groups) || settings?.matrix != null) {
    problems.push({ path: [old], message: 'the top-level keys "groups" and "matrix" do not go together with "routing.router": move what they hold into routing.router.settings' })
    return chosen(use, settings ?? {}, problems)
  }
  if (filled(groups) && matrix != null) problems.push({ path: ['matrix'], message: 'does not go together with "groups": use one of the two' })
  return filled(groups) ? { use: 'group', groups, matrix: undefined, path: [] } : { use: 'matrix', groups: {}, matrix, path: [] }
}

function chosen (use: string | undefined, { groups = {}, matrix }: NonNullable<RouterInput['settings']>, problems: Problem[]): Choice {
  const choice = { groups, matrix, path: SETTINGS }
  if (use === 'matrix' && matrix != null) return { ...choice, use: 'matrix' }
  if (use === 'matrix') problems.push({ path: ['routing', 'router', 'use'], message: 'is "matrix", but routing.router.settings.matrix is not set' })
  else if (use && use !== 'group') problems.push({ path: ['routing', 'router', 'use'], message: `unknown router "${use}" (valid: group, matrix)` })
  return { ...choice, use: 'group' }
}

function filled (groups: Record<string, GroupInput> | null | undefined): groups is Record<string, GroupInput> {
  return groups != null && Object.keys(groups).length > 0
}
