import type { Group, Groups } from '../config/routing/groups.ts'
import { bitsOf } from './bits.ts'
import { createKind } from './kind.ts'
import type { Kind } from './kind.ts'
import type { Policy } from './policy.ts'

/** llama-swap's groups. */
export function groupPolicy ({ groups, groupOf }: Groups): Policy {
  // The last is of models that a reload has removed, whose servers still run.
  const all = [...groups, undefined]
  const kinds = new Map(all.map((own, index): [Group | undefined, Kind] => [own, createKind(
    index,
    () => bitsOf(all.length, (other) => evicts(own, all[other])),
    () => bitsOf(all.length, (other) => evicts(all[other], own))
  )]))
  return {
    evictions (target, residents) {
      const own = groupOf.get(target)
      // Where many can be resident, nothing else has to be looked at.
      if (own?.swap === false && !own.exclusive) return []
      return [...residents].filter(({ model }) => model !== target && evicts(own, groupOf.get(model)))
    },
    kind: (model) => kinds.get(groupOf.get(model))!,
    kinds: all.length,
    isPairwise: true
  }
}

/** Whether a model of one group must stop before another one of a group starts. */
function evicts (own: Group | undefined, other: Group | undefined): boolean {
  return own === other ? own?.swap ?? true : own?.exclusive === true && !other?.persistent
}
