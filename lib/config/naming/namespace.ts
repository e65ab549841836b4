import type { ProfileInput } from '../../../types/profiles.ts'
import type { SelectorInput } from '../../../types/selectors.ts'
import type { Problem } from '../problem.ts'
import type { LocalNames } from './local-names.ts'

/** Everything that gives names, besides the peers. */
export interface Namespace {
  readonly names: LocalNames
  readonly selectors?: Record<string, SelectorInput> | undefined
  readonly profiles?: Record<string, ProfileInput> | undefined
}

/** A full name `peer/model` always means that model, so nothing else may be called so. */
export function namespaceProblems (fullNames: ReadonlySet<string>, { names, selectors, profiles }: Namespace): Problem[] {
  const problems: Problem[] = []
  const check = (what: string, name: string, path: Problem['path']): void => {
    if (fullNames.has(name)) problems.push({ path, message: `the ${what} "${name}" conflicts with the full name of a peer's model` })
  }
  for (const id of names.ids) check('model id', id, ['models', id])
  for (const [alias, { path }] of names.aliases) check('alias', alias, path)
  for (const id of Object.keys(selectors ?? {})) check('selector name', id, ['selectors', id])
  for (const [id, profile] of Object.entries(profiles ?? {})) {
    for (const pin of Object.keys(profile?.pins ?? {})) check('pin', pin, ['profiles', id, 'pins', pin])
  }
  return problems
}
