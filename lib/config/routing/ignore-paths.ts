import { createRequire } from 'node:module'
import type { Resolution } from '../naming/resolution.ts'
import type { Problem } from '../problem.ts'

/** A regular expression of RE2's, searched for anywhere in a path. The time grows with the path only, whatever the expression. */
export interface PathPattern {
  readonly source: string
  test (path: string): boolean
}

const ENDING = '\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$'
const ending = new RegExp(ENDING)

/** Images, scripts and the like, which pages of a model's own ask for. Without RE2, which few configs need and which takes a while to load. */
const DEFAULT: PathPattern = Object.freeze({ source: `.*${ENDING}`, test: (path: string) => ending.test(path) })

/** `upstream.ignorePaths`: paths that do not start a model. An empty list means the default, as in llama-swap. */
export function resolveIgnorePaths (input: readonly string[] = []): Resolution<readonly PathPattern[]> {
  if (input.length === 0) return { value: Object.freeze([DEFAULT]), problems: [], warnings: [] }
  const { RE2JS } = createRequire(import.meta.url)('re2js') as typeof import('re2js')
  const problems: Problem[] = []
  const value: PathPattern[] = []
  for (const [index, source] of input.entries()) {
    try {
      const pattern = RE2JS.compile(source)
      value.push(Object.freeze({ source, test: (path: string) => pattern.test(path) }))
    } catch (error) {
      problems.push({ path: ['upstream', 'ignorePaths', index], message: `invalid regular expression "${source}" (RE2 syntax): ${(error as Error).message}` })
    }
  }
  return { value: Object.freeze(value), problems, warnings: [] }
}
