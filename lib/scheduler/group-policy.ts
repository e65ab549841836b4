import type { Group, Groups } from '../config/routing/groups.ts'
import type { Policy } from './policy.ts'

/** llama-swap's groups. */
export function groupPolicy ({ groupOf }: Groups): Policy {
  return {
    evictions (target, residents) {
      const own = groupOf.get(target)
      // Where many can be resident, nothing else has to be looked at.
      if (own?.swap === false && !own.exclusive) return []
      return [...residents].filter(({ model }) => model !== target && evicts(own, groupOf.get(model)))
    },
    excludes: (target, other) => target !== other && evicts(groupOf.get(target), groupOf.get(other)),
    kind: (model) => groupOf.get(model)
  }
}

/** Whether a model of one group must stop before another one of a group starts. */
function evicts (own: Group | undefined, other: Group | undefined): boolean {
  return own === other ? own?.swap ?? true : own?.exclusive === true && !other?.persistent
}
