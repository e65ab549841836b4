import type { Target } from './target.ts'

export interface PathMatch {
  readonly target: Target
  /** What follows the name, as sent: empty, or with a slash at its start. */
  readonly rest: string
}

/**
 * Finds the model at the start of a path such as `org/model/v1/completions`: the longest run of segments that is a name. It looks no further
 * than `longest`, the length of the longest name: a path of many slashes would be decoded over and over.
 */
export function findModelInPath (path: string, lookUp: (name: string) => Target | undefined, longest: number): PathMatch | undefined {
  let match: PathMatch | undefined
  let end = 0
  do {
    end = path.indexOf('/', end + 1)
    const name = decode(end === -1 ? path : path.slice(0, end))
    // What is broken, or too long already, stays so.
    if (name === undefined || name.length > longest) return match
    const target = lookUp(name)
    if (target !== undefined) match = { target, rest: end === -1 ? '' : path.slice(end) }
  } while (end !== -1)
  return match
}

function decode (text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
