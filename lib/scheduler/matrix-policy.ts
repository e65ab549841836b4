import { evictions } from '../config/routing/matrix-solve.ts'
import type { Matrix } from '../config/routing/matrix.ts'
import type { Policy } from './policy.ts'

/** llama-swap's matrix: the cheapest choice among the sets that may run together. */
export function matrixPolicy (matrix: Matrix): Policy {
  return {
    evictions (target, residents) {
      const others = [...residents]
      const gone = new Set(evictions(matrix, target, others.map(({ model }) => model)))
      return others.filter(({ model }) => gone.has(model))
    },
    excludes: (target, other) => evictions(matrix, target, [other]).length > 0,
    kind: (model) => model
  }
}
