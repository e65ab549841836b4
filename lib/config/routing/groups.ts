import type { GroupInput } from '../../../types/routing.ts'
import { localModel } from '../naming/local-names.ts'
import type { LocalNames } from '../naming/local-names.ts'
import type { Problem } from '../problem.ts'
import type { Resolution } from '../naming/resolution.ts'

export interface Group {
  readonly name: string
  readonly swap: boolean
  readonly exclusive: boolean
  readonly persistent: boolean
  /** Ids of models. */
  readonly members: readonly string[]
}

export interface Groups {
  readonly groups: readonly Group[]
  /** Every model has one. */
  readonly groupOf: ReadonlyMap<string, Group>
}

/** The groups as written, and `(default)` for the models in none of them. It is a group of its own even if the operator has one of that name. */
export function resolveGroups (input: Record<string, GroupInput>, path: Problem['path'], names: LocalNames): Resolution<Groups> {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const groups: Group[] = []
  const groupOf = new Map<string, Group>()
  for (const [name, { swap = true, exclusive = true, persistent = false, members = [] }] of Object.entries(input)) {
    const ids = new Map<string, string>()
    const group = { name, swap, exclusive, persistent, members: [] as readonly string[] }
    for (const [index, member] of members.entries()) {
      const place = [...path, name, 'members', index]
      const id = localModel(names, member)
      const other = id === undefined ? undefined : groupOf.get(id)
      if (id === undefined) problems.push({ path: place, message: `unknown model "${member}"` })
      else if (other !== undefined && other !== group) problems.push({ path: place, message: `the model "${id}" is in two groups: "${other.name}" and "${name}"` })
      else if (ids.get(id) === member) problems.push({ path: place, message: `duplicate member "${member}"` })
      else if (ids.has(id)) warnings.push({ path: place, message: `"${member}" is the same model as "${ids.get(id)}", ignored` })
      else {
        ids.set(id, member)
        groupOf.set(id, group)
      }
    }
    group.members = Object.freeze([...ids.keys()])
    groups.push(Object.freeze(group))
  }
  const rest = [...names.ids].filter((id) => !groupOf.has(id))
  if (rest.length > 0) {
    const group = Object.freeze({ name: '(default)', swap: true, exclusive: true, persistent: false, members: Object.freeze(rest) })
    groups.push(group)
    for (const id of rest) groupOf.set(id, group)
  }
  return { value: Object.freeze({ groups: Object.freeze(groups), groupOf }), problems, warnings }
}
