import type { Problem } from '../problem.ts'
import { MAX_DEPTH } from './dsl-parse.ts'
import type { Expression } from './dsl-parse.ts'
import { compareNatural } from './natural-order.ts'

export interface Ordered {
  /** Names, those referred to first, else in natural order. Sets with problems are left out. */
  readonly order: readonly string[]
  readonly problems: readonly Problem[]
}

/** Puts the sets in the order in which they are evaluated and ties are decided. */
export function orderSets (sets: ReadonlyMap<string, Expression>, path: Problem['path']): Ordered {
  const problems: Problem[] = []
  const order: string[] = []
  // How deep the evaluation of a set goes; undefined while its references are being visited, Infinity if it cannot be evaluated.
  const depths = new Map<string, number | undefined>()

  const visit = (name: string, trail: readonly string[]): number => {
    if (depths.has(name)) {
      const depth = depths.get(name)
      if (depth !== undefined) return depth
      const cycle = [...trail.slice(trail.indexOf(name)), name]
      problems.push({ path: [...path, name], message: `circular reference: ${cycle.map((set) => `"${set}"`).join(' -> ')}` })
      return Infinity
    }
    depths.set(name, undefined)
    const { references, depth: own } = survey(sets.get(name)!)
    let depth = own
    if (trail.length >= MAX_DEPTH) depth = tooDeep(name)
    else for (const reference of references) if (sets.has(reference)) depth = Math.max(depth, own + visit(reference, [...trail, name]))
    if (depth > MAX_DEPTH && depth < Infinity) depth = tooDeep(name)
    depths.set(name, depth)
    if (depth < Infinity) order.push(name)
    return depth
  }
  const tooDeep = (name: string): number => {
    problems.push({ path: [...path, name], message: `sets and parentheses are nested too deeply: ${MAX_DEPTH} levels at most` })
    return Infinity
  }

  for (const name of [...sets.keys()].sort(compareNatural)) visit(name, [])
  return { order, problems }
}

/** The sets an expression refers to, in order, and how deep it is. */
export function survey (expression: Expression): { references: Set<string>, depth: number } {
  const references = new Set<string>()
  const walk = (part: Expression): number => {
    if (part.kind === 'set') references.add(part.name)
    return part.kind === 'set' || part.kind === 'model' ? 1 : 1 + part.of.reduce((depth, inner) => Math.max(depth, walk(inner)), 0)
  }
  const depth = walk(expression)
  return { references, depth }
}
