import { errors, withDetail } from '../errors.ts'
import type { Mask } from './mask.ts'
import type { Place } from './tree.ts'

/** One thing wrong with a config, or one warning: where, and what would be right. */
export interface Problem {
  /** The keys that lead to it, such as `['models', 'qwen', 'ttl']`. */
  readonly path: readonly (string | number)[]
  readonly message: string
  /** Where it stands, if that is not where its path leads. */
  readonly at?: Place | undefined
}

/** Finds where a key path leads to in the source, if it came from a file. */
export type Locate = (path: Problem['path']) => Place | undefined

// A file of another kind has an error on every line.
const TOLD = 50
const LONGEST = 1000

/** `file:line:column key: message`, or without a position for objects; with secrets hidden, and no longer than a reader bears. */
export function formatProblem ({ path, message, at }: Problem, locate: Locate, mask: Mask): string {
  const place = at ?? locate(path)
  const position = place && `${place.file}:${place.line}:${place.column}`
  const where = [position, path.join('.')].filter(Boolean).join(' ')
  const text = mask(where === '' ? message : `${where}: ${message}`)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text
}

/** One error for all problems of a stage. */
export function configError (lines: readonly string[]): Error {
  const told = lines.length > TOLD ? [...lines.slice(0, TOLD), `and ${lines.length - TOLD} more`] : lines
  const message = told.length === 1 ? `invalid config: ${told[0]}` : `invalid config:\n  ${told.join('\n  ')}`
  return withDetail(new errors.Config(message), { detail: told.join('\n') })
}
