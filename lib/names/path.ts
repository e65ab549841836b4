import type { Target } from './target.ts'

export interface PathMatch {
  readonly target: Target
  /** What follows the name, as sent: empty, or with a slash at its start. */
  readonly rest: string
}

/** Finds the model at the start of a path such as `org/model/v1/completions`: the longest run of segments that is a name. */
export function findModelInPath (path: string, lookUp: (name: string) => Target | undefined): PathMatch | undefined {
  let match: PathMatch | undefined
  let end = 0
  do {
    end = path.indexOf('/', end + 1)
    const name = decode(end === -1 ? path : path.slice(0, end))
    const target = name === undefined ? undefined : lookUp(name)
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
