import { coexist } from '../routing/matrix-solve.ts'
import type { Router } from '../routing/router.ts'

/** Why these local models cannot serve side by side, if they cannot. */
export function spilloverProblem (models: readonly string[], router: Router): string | undefined {
  if (models.length < 2) return undefined
  if (router.kind === 'matrix') {
    return coexist(router.matrix, models) ? undefined : 'spillover targets must all run together in one set of the matrix'
  }
  const groups = new Set(models.map((model) => router.groupOf.get(model)))
  const [group] = groups
  if (groups.size > 1) return 'spillover targets must be in one routing group'
  return group?.swap === false ? undefined : 'spillover targets must be in a routing group with "swap: false"'
}
