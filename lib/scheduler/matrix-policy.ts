import { evictions } from '../config/routing/matrix-solve.ts'
import type { Matrix } from '../config/routing/matrix.ts'
import type { Policy } from './policy.ts'

/** llama-swap's matrix: the cheapest choice among the sets that may run together. */
export function matrixPolicy (matrix: Matrix): Policy {
  return {
    evictions (target, residents) {
      const gone = new Set(evictions(matrix, target, residents.map(({ model }) => model)))
      return residents.filter(({ model }) => gone.has(model))
    },
    kind: (model) => model
  }
}
