import { groupEvictions } from '../config/routing/group-evictions.ts'
import type { Groups } from '../config/routing/groups.ts'
import type { Policy } from './policy.ts'

/** llama-swap's groups. */
export function groupPolicy (groups: Groups): Policy {
  return {
    evictions (target, residents) {
      const gone = new Set(groupEvictions(groups, target, residents.map(({ model }) => model)))
      return residents.filter(({ model }) => gone.has(model))
    },
    kind (model) {
      const group = groups.groupOf.get(model)
      return group?.swap === false ? `model ${model}` : `group ${group?.name ?? ''}`
    }
  }
}
