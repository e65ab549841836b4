import type { Expression } from './dsl-parse.ts'
import { matrixIndex, setsWith } from './matrix-index.ts'
import type { Matrix } from './matrix.ts'

/** The models that some set allows beside a model, and the model itself if it is in a set. */
export function companions (matrix: Matrix, model: string): ReadonlySet<string> {
  const { parts, expressions } = matrixIndex(matrix)
  const numbers = setsWith(matrix, model)
  const holding = new Set(numbers.map((number) => matrix.sets[number]!.name))
  const found = new Set<string>()
  const seen = new Set<Expression>()
  const added = new Set<Expression>()

  // What an expression that holds the model allows beside it.
  const visit = (expression: Expression): void => {
    if (expression.kind === 'set') return visit(expressions.get(expression.name)!)
    if (expression.kind === 'model') found.add(model)
    if (expression.kind === 'model' || seen.has(expression)) return
    seen.add(expression)
    const { models, sets } = parts.get(expression)!
    const own = new Set(models.get(model))
    for (const [set, numbers] of sets) if (holding.has(set)) for (const number of numbers) own.add(number)
    for (const number of own) visit(expression.of[number]!)
    // Where one part has the model, the others have whatever they like.
    if (expression.kind === 'all') for (const [number, part] of expression.of.entries()) if (own.size > 1 || !own.has(number)) add(part)
  }
  const add = (expression: Expression): void => {
    if (expression.kind === 'set') return add(expressions.get(expression.name)!)
    if (expression.kind === 'model') found.add(expression.name)
    if (expression.kind === 'model' || added.has(expression)) return
    added.add(expression)
    const { models, sets } = parts.get(expression)!
    for (const other of models.keys()) found.add(other)
    for (const set of sets.keys()) add(expressions.get(set)!)
  }

  for (const number of numbers) visit(matrix.sets[number]!.expression)
  return found
}
