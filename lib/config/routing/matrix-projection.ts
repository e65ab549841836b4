import type { Expression } from './dsl-parse.ts'
import { matrixIndex, setsWith } from './matrix-index.ts'
import type { Places } from './matrix-index.ts'
import type { Matrix } from './matrix.ts'

/** An expression reduced to the models that matter, each a bit. Parts without such models are gone. */
export interface Projection {
  readonly kind: 'model' | 'all' | 'any'
  readonly of: readonly Projection[]
  /** All the models in it. */
  readonly models: bigint
}

/** The sets of a matrix that hold one of the models, in order, each reduced to all of them. A set that several others refer to is one object in all of them. */
export function projectSets (matrix: Matrix, bits: ReadonlyMap<string, bigint>, model: string): readonly Projection[] {
  const { parts, expressions } = matrixIndex(matrix)
  const referred = new Map<string, Projection | undefined>()

  const project = (expression: Expression): Projection | undefined => {
    if (expression.kind === 'set') return projectSet(expression.name)
    if (expression.kind === 'model') {
      const bit = bits.get(expression.name)
      return bit === undefined ? undefined : { kind: 'model', of: [], models: bit }
    }
    const of: Projection[] = []
    let models = 0n
    for (const part of partsWith(expression.of, parts.get(expression)!, bits)) {
      const inner = project(part)
      if (inner === undefined) continue
      of.push(inner)
      models |= inner.models
    }
    // An alternative without any of the models is never better than one with some, so it goes too.
    return of.length > 1 ? { kind: expression.kind, of, models } : of[0]
  }
  const projectSet = (name: string): Projection | undefined => {
    if (!referred.has(name)) referred.set(name, project(expressions.get(name)!))
    return referred.get(name)
  }
  return setsWith(matrix, model).map((number) => projectSet(matrix.sets[number]!.name)!)
}

// Those parts that hold any of the models, or refer to a set that may, in order.
function partsWith (of: readonly Expression[], places: Places, models: ReadonlyMap<string, unknown>): readonly Expression[] {
  if (of.length <= models.size) return of
  const numbers = new Set([...places.sets.values()].flat())
  for (const model of models.keys()) for (const number of places.models.get(model) ?? []) numbers.add(number)
  return [...numbers].sort((a, b) => a - b).map((number) => of[number]!)
}
