import { evicts } from '../config/routing/group-evictions.ts'
import type { Groups } from '../config/routing/groups.ts'
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
