import type { MatrixInput } from '../../../types/routing.ts'
import type { Resolution } from '../naming/resolution.ts'
import type { Problem } from '../problem.ts'
import { parseDsl } from './dsl-parse.ts'
import type { Expression } from './dsl-parse.ts'
import { DslError } from './dsl-tokens.ts'
import { orderSets } from './matrix-order.ts'

const VAR = /^[a-zA-Z0-9.-]{1,32}$/

export interface MatrixSet {
  readonly name: string
  /** As written. */
  readonly dsl: string
  /** With the ids of models in place of vars. */
  readonly expression: Expression
}

export interface Matrix {
  /** Those referred to before those that refer, which is also how ties are decided: the first wins. */
  readonly sets: readonly MatrixSet[]
  /** What a stop costs, by model id; 1 for a model that is not there. */
  readonly costs: ReadonlyMap<string, number>
}

export function resolveMatrix ({ vars, evict_costs: costs, sets }: MatrixInput, path: Problem['path'], ids: ReadonlySet<string>): Resolution<Matrix> {
  const problems: Problem[] = []
  const models = resolveVars(vars ?? {}, [...path, 'vars'], ids, problems)
  const find = (name: string): string | undefined => models.get(name) ?? (ids.has(name) ? name : undefined)
  const resolvedCosts = resolveCosts(costs ?? {}, [...path, 'evict_costs'], find, problems)
  const resolvedSets = resolveSets(sets ?? {}, [...path, 'sets'], find, problems)
  return { value: Object.freeze({ sets: resolvedSets, costs: resolvedCosts }), problems, warnings: [] }
}

function resolveVars (vars: Record<string, string>, path: Problem['path'], ids: ReadonlySet<string>, problems: Problem[]): ReadonlyMap<string, string> {
  const models = new Map<string, string>()
  for (const [name, id] of Object.entries(vars)) {
    if (!VAR.test(name)) problems.push({ path: [...path, name], message: 'the name of a var must be 1 to 32 letters (a to z), digits, "-" or "."' })
    if (!ids.has(id)) problems.push({ path: [...path, name], message: `unknown model "${id}" (aliases do not count here)` })
    models.set(name, id)
  }
  return models
}

function resolveCosts (input: Record<string, number>, path: Problem['path'], find: (name: string) => string | undefined, problems: Problem[]): ReadonlyMap<string, number> {
  const costs = new Map<string, number>()
  for (const [name, cost] of Object.entries(input)) {
    const model = find(name)
    if (!(Number.isSafeInteger(cost) && cost > 0)) problems.push({ path: [...path, name], message: `must be a whole number, 1 or more, not ${cost}` })
    if (model === undefined) problems.push({ path: [...path, name], message: `unknown var or model "${name}"` })
    else if (costs.has(model) && costs.get(model) !== cost) problems.push({ path: [...path, name], message: `the model "${model}" has a cost under another name too, and a different one` })
    else costs.set(model, cost)
  }
  return costs
}

function resolveSets (input: Record<string, string>, path: Problem['path'], find: (name: string) => string | undefined, problems: Problem[]): readonly MatrixSet[] {
  const names = new Set(Object.keys(input))
  if (names.size === 0) problems.push({ path, message: 'must define at least one set' })
  const parsed = new Map<string, Expression>()
  for (const [name, dsl] of Object.entries(input)) {
    const report = (message: string): void => { problems.push({ path: [...path, name], message }) }
    try {
      parsed.set(name, link(parseDsl(dsl), find, names, report))
    } catch (error) {
      if (!(error instanceof DslError)) throw error
      report(error.message)
    }
  }
  const { order, problems: misordered } = orderSets(parsed, path)
  problems.push(...misordered)
  return Object.freeze(order.map((name) => Object.freeze({ name, dsl: input[name]!, expression: parsed.get(name)! })))
}

/** Puts the ids of models in place of vars; reports every name that stands for nothing. */
function link (expression: Expression, find: (name: string) => string | undefined, sets: ReadonlySet<string>, report: (message: string) => void): Expression {
  if ('of' in expression) return Object.freeze({ ...expression, of: Object.freeze(expression.of.map((part) => link(part, find, sets, report))) })
  const { kind, name, at } = expression
  if (kind === 'set' && !sets.has(name)) report(`undefined set "${name}" at position ${at}`)
  const id = kind === 'set' ? name : find(name)
  if (id === undefined) report(`unknown var or model "${name}" at position ${at}`)
  return Object.freeze({ kind, name: id ?? name, at })
}
