import type { Expression } from './dsl-parse.ts'
import type { Matrix } from './matrix.ts'

/** In which of some parts each model and each reference to a set stands, by their numbers. */
export interface Places {
  readonly models: ReadonlyMap<string, readonly number[]>
  readonly sets: ReadonlyMap<string, readonly number[]>
}

interface Index {
  /** What stands in which set. */
  readonly sets: Places
  /** What stands in which part of an expression that has parts. */
  readonly parts: ReadonlyMap<Expression, Places>
  /** By the name of their set. */
  readonly expressions: ReadonlyMap<string, Expression>
}

const indexes = new WeakMap<Matrix, Index>()

/** Where the models of a matrix stand, so that what holds none of those that matter need not be looked at. Made once for each matrix. */
export function matrixIndex (matrix: Matrix): Index {
  let index = indexes.get(matrix)
  if (index === undefined) indexes.set(matrix, index = createIndex(matrix))
  return index
}

/** The numbers of the sets that hold a model, be it by way of others. */
export function setsWith (matrix: Matrix, model: string): number[] {
  const { sets } = matrixIndex(matrix)
  const numbers = new Set(sets.models.get(model))
  for (const number of numbers) for (const referring of sets.sets.get(matrix.sets[number]!.name) ?? []) numbers.add(referring)
  return [...numbers].sort((a, b) => a - b)
}

function createIndex ({ sets }: Matrix): Index {
  const parts = new Map<Expression, Places>()
  const expressions = new Map(sets.map(({ name, expression }) => [name, expression]))
  return { sets: placesIn([...expressions.values()], parts), parts, expressions }
}

function placesIn (of: readonly Expression[], parts: Map<Expression, Places>): Places {
  const models = new Map<string, number[]>()
  const sets = new Map<string, number[]>()
  for (const [number, part] of of.entries()) {
    if (part.kind === 'model') note(models, part.name, number)
    else if (part.kind === 'set') note(sets, part.name, number)
    else {
      const inner = placesIn(part.of, parts)
      parts.set(part, inner)
      for (const model of inner.models.keys()) note(models, model, number)
      for (const set of inner.sets.keys()) note(sets, set, number)
    }
  }
  return { models, sets }
}

function note (places: Map<string, number[]>, name: string, number: number): void {
  const numbers = places.get(name)
  if (numbers === undefined) places.set(name, [number])
  else numbers.push(number)
}
