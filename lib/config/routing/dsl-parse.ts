import { DslError, tokenize } from './dsl-tokens.ts'
import type { Token } from './dsl-tokens.ts'

/** Which models run together: one, those of a set, all of the parts' or one part's. */
export type Expression =
  | { readonly kind: 'model', readonly name: string, readonly at: number }
  | { readonly kind: 'set', readonly name: string, readonly at: number }
  | { readonly kind: 'all' | 'any', readonly of: readonly Expression[] }

/** What the evaluation, which is recursive, can surely bear. */
export const MAX_DEPTH = 200

/**
 * `any := all ('|' all)*`, `all := one ('&' one)*`, `one := name | '+'set | '(' any ')'`
 *
 * @throws DslError
 */
export function parseDsl (text: string): Expression {
  const tokens = tokenize(text)
  if (tokens[0]!.kind === 'end') throw new DslError('the expression is empty')
  let next = 0
  let depth = 0

  const list = (kind: 'all' | 'any', separator: Token['kind'], item: () => Expression): Expression => {
    const of = [item()]
    while (tokens[next]!.kind === separator) {
      next++
      of.push(item())
    }
    return of.length === 1 ? of[0]! : { kind, of }
  }
  const any = (): Expression => list('any', '|', all)
  const all = (): Expression => list('all', '&', one)
  const one = (): Expression => {
    const { kind, text: name, at } = tokens[next]!
    if (kind === 'model' || kind === 'set') {
      next++
      return { kind, name, at }
    }
    if (kind !== '(') throw unexpected(tokens[next]!)
    if (++depth > MAX_DEPTH) throw new DslError(`parentheses are nested too deeply at position ${at}: ${MAX_DEPTH} at most`)
    next++
    const inner = any()
    if (tokens[next]!.kind === 'end') throw new DslError(`missing closing parenthesis for that at position ${at}`)
    if (tokens[next]!.kind !== ')') throw unexpected(tokens[next]!)
    next++
    depth--
    return inner
  }

  const expression = any()
  if (tokens[next]!.kind !== 'end') throw unexpected(tokens[next]!)
  return expression
}

function unexpected ({ kind, text, at }: Token): DslError {
  return new DslError(kind === 'end' ? `unexpected end, expected a model, "+" or "(" at position ${at}` : `unexpected "${text}" at position ${at}`)
}
