import type { Expression } from './dsl-parse.ts'
import type { Matrix } from './matrix.ts'

/** An expression reduced to the models that matter, each a bit. Parts without such models are gone. */
export interface Projection {
  readonly kind: 'model' | 'all' | 'any'
  readonly of: readonly Projection[]
  /** All the models in it. */
  readonly models: bigint
}

/** The sets of a matrix that hold any of the models, in order. A set that several others refer to is one object in all of them. */
export function projectSets ({ sets }: Matrix, bits: ReadonlyMap<string, bigint>): readonly Projection[] {
  const projected = new Map<string, Projection | undefined>()
  for (const { name, expression } of sets) projected.set(name, project(expression, bits, projected))
  return [...projected.values()].filter((set) => set !== undefined)
}

function project (expression: Expression, bits: ReadonlyMap<string, bigint>, sets: ReadonlyMap<string, Projection | undefined>): Projection | undefined {
  if (expression.kind === 'set') return sets.get(expression.name)
  if (expression.kind === 'model') {
    const bit = bits.get(expression.name)
    return bit === undefined ? undefined : { kind: 'model', of: [], models: bit }
  }
  const of: Projection[] = []
  let models = 0n
  for (const part of expression.of) {
    const inner = project(part, bits, sets)
    if (inner === undefined) continue
    of.push(inner)
    models |= inner.models
  }
  // An alternative without any of the models is never better than one with some, so it goes too.
  return of.length > 1 ? { kind: expression.kind, of, models } : of[0]
}
