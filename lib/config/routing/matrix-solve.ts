import { projectSets } from './matrix-projection.ts'
import { bestState } from './matrix-states.ts'
import type { State } from './matrix-states.ts'
import type { Matrix } from './matrix.ts'

/**
 * Those of the running models that must stop before the target starts: the cheapest choice that some set with the target allows, of equals that of the first set.
 * All of them if no set has the target; none if it runs already. What stays always fits a set with the target; see matrix-states.ts for when cheapest means nearly.
 */
export function evictions (matrix: Matrix, target: string, running: readonly string[]): readonly string[] {
  if (running.length === 0 || running.includes(target)) return []
  const models = [target, ...new Set(running)]
  const bits = bitsOf(models)
  const weights = models.map((model) => model === target ? 0 : matrix.costs.get(model) ?? 1)
  const best = bestState({ weights, target: bits.get(target)! })
  let kept: State | undefined
  for (const set of projectSets(matrix, bits, target)) {
    const state = best(set)
    if (state !== undefined && state.worth > (kept?.worth ?? -1)) kept = state
  }
  return running.filter((model) => ((kept?.models ?? 0n) & bits.get(model)!) === 0n)
}

/** Whether one set allows all of these models at once. */
export function coexist (matrix: Matrix, models: readonly string[]): boolean {
  const [first] = models
  if (first === undefined) return true
  const bits = bitsOf(new Set(models))
  const all = (1n << BigInt(bits.size)) - 1n
  const best = bestState({ weights: [...bits].map(() => 1), target: 0n })
  return projectSets(matrix, bits, first).some((set) => set.models === all && best(set)?.models === all)
}

function bitsOf (models: Iterable<string>): ReadonlyMap<string, bigint> {
  return new Map([...models].map((model, index) => [model, 1n << BigInt(index)]))
}
