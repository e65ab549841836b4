import { RE2JS } from 're2js'
import type { Resolution } from '../naming/resolution.ts'
import type { Problem } from '../problem.ts'

/** Images, scripts and the like, which pages of a model's own ask for. */
const DEFAULT = ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$']

/** A regular expression of RE2's, searched for anywhere in a path. The time grows with the path only, whatever the expression. */
export interface PathPattern {
  readonly source: string
  test (path: string): boolean
}

/** `upstream.ignorePaths`: paths that do not start a model. An empty list means the default, as in llama-swap. */
export function resolveIgnorePaths (input: readonly string[] = []): Resolution<readonly PathPattern[]> {
  const problems: Problem[] = []
  const value: PathPattern[] = []
  for (const [index, source] of (input.length > 0 ? input : DEFAULT).entries()) {
    try {
      const pattern = RE2JS.compile(source)
      value.push(Object.freeze({ source, test: (path: string) => pattern.test(path) }))
    } catch (error) {
      problems.push({ path: ['upstream', 'ignorePaths', index], message: `invalid regular expression "${source}" (RE2 syntax): ${(error as Error).message}` })
    }
  }
  return { value: Object.freeze(value), problems, warnings: [] }
}
