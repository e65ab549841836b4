import { companions } from '../config/routing/matrix-companions.ts'
import { matrixIndex } from '../config/routing/matrix-index.ts'
import { evictions } from '../config/routing/matrix-solve.ts'
import type { Matrix } from '../config/routing/matrix.ts'
import { bitsOf, removeBit } from './bits.ts'
import type { Bits } from './bits.ts'
import { createKind } from './kind.ts'
import type { Kind } from './kind.ts'
import type { Policy } from './policy.ts'

/** llama-swap's matrix: the cheapest choice among the sets that may run together. */
export function matrixPolicy (matrix: Matrix): Policy {
  const models = [...matrixIndex(matrix).sets.models.keys()]
  const indexes = new Map(models.map((model, index) => [model, index]))
  // Each model is a class of its own; those in no set have one bit, since each of them excludes all.
  const kinds = new Map<string, Kind>()
  const excluded = (model: string): Bits => {
    const bits = bitsOf(models.length + 1, () => true)
    for (const other of companions(matrix, model)) removeBit(bits, indexes.get(other)!)
    return bits
  }
  const kind = (model: string): Kind => {
    let kind = kinds.get(model)
    if (kind === undefined) kinds.set(model, kind = createKind(indexes.get(model) ?? models.length, () => excluded(model)))
    return kind
  }
  // By target, the last answer: it is asked for again at every event while those that run stay the same.
  const answers = new Map<string, { readonly running: readonly string[], readonly gone: ReadonlySet<string> }>()
  const goneFor = (target: string, running: readonly string[]): ReadonlySet<string> => {
    const answer = answers.get(target)
    if (answer !== undefined && isSame(answer.running, running)) return answer.gone
    const gone = new Set(evictions(matrix, target, running))
    answers.set(target, { running, gone })
    return gone
  }
  return {
    evictions (target, residents) {
      const others = [...residents]
      const gone = goneFor(target, others.map(({ model }) => model))
      return others.filter(({ model }) => gone.has(model))
    },
    kind,
    kinds: models.length + 1,
    isPairwise: false
  }
}

function isSame (one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((model, index) => model === other[index])
}
