/** A mistake in an expression. Positions count from 0, as llama-swap's do. */
export class DslError extends Error {}

export interface Token {
  readonly kind: 'model' | 'set' | '&' | '|' | '(' | ')' | 'end'
  readonly text: string
  readonly at: number
}

/** Far more than a thousand models need. */
const MAX_LENGTH = 65_536
const TOKEN = /\p{White_Space}+|(?<symbol>[&|()])|(?<plus>\+?)(?<name>[\p{L}\p{Nd}_.-]+)/uy

/** @throws DslError */
export function tokenize (text: string): Token[] {
  if (text.length > MAX_LENGTH) throw new DslError(`the expression is too long: ${text.length} characters, at most ${MAX_LENGTH}`)
  const tokens: Token[] = []
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)?.groups
    if (found === undefined && text[at] === '+') throw new DslError(`expected the name of a set after "+" at position ${at + 1}`)
    if (found === undefined) throw new DslError(`unexpected character "${String.fromCodePoint(text.codePointAt(at)!)}" at position ${at}`)
    const { symbol, plus, name } = found
    if (symbol !== undefined) tokens.push({ kind: symbol as Token['kind'], text: symbol, at })
    else if (name !== undefined) tokens.push({ kind: plus === '+' ? 'set' : 'model', text: name, at })
  }
  tokens.push({ kind: 'end', text: '', at: text.length })
  return tokens
}
