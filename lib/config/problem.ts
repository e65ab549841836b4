import { errors, withDetail } from '../errors.ts'

/** One thing wrong with a config, or one warning: where, and what would be right. */
export interface Problem {
  /** The keys that lead to it, such as `['models', 'qwen', 'ttl']`. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Finds the position of a key path in the source text, if there is one. */
export type Locate = (path: Problem['path']) => string | undefined

/** `file:line:column key: message`, or without a position for objects. */
export function formatProblem (problem: Problem, locate: Locate): string {
  const key = problem.path.join('.')
  const position = locate(problem.path)
  const place = [position, key].filter(Boolean).join(' ')
  return place === '' ? problem.message : `${place}: ${problem.message}`
}

/** One error for all problems of a stage. */
export function configError (lines: readonly string[]): Error {
  const message = lines.length === 1 ? `invalid config: ${lines[0]}` : `invalid config:\n  ${lines.join('\n  ')}`
  return withDetail(new errors.Config(message), { detail: lines.join('\n') })
}
