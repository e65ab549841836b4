/** A mistake in an expression. Positions count characters from 0, as llama-swap's do. */
export class DslError extends Error {}

export interface Token {
  readonly kind: 'name' | 'set' | '&' | '|' | '(' | ')' | 'end'
  readonly text: string
  readonly at: number
}

/** Far more than a thousand models need. */
const MAX_LENGTH = 65_536
const NAME = /[\p{L}\p{Nd}_.-]+/uy

/** @throws DslError */
export function tokenize (text: string): Token[] {
  if (text.length > MAX_LENGTH) throw new DslError(`the expression is too long: ${text.length} characters, at most ${MAX_LENGTH}`)
  const tokens: Token[] = []
  let at = 0
  for (let index = 0; index < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(index)!)
    if (/\p{White_Space}/u.test(character)) {
      index += character.length
      at++
      continue
    }
    const start = at
    const isSet = character === '+'
    const symbol = character === '&' || character === '|' || character === '(' || character === ')' ? character : undefined
    const name = symbol === undefined ? nameAt(text, isSet ? index + 1 : index) : ''
    if (symbol !== undefined) tokens.push({ kind: symbol, text: symbol, at: start })
    else if (name !== '') tokens.push({ kind: isSet ? 'set' : 'name', text: name, at: start })
    else if (isSet) throw new DslError(`expected the name of a set after "+" at position ${start + 1}`)
    else throw new DslError(`unexpected character "${character}" at position ${start}`)
    const length = symbol === undefined && isSet ? name.length + 1 : symbol?.length ?? name.length
    at += [...text.slice(index, index + length)].length
    index += length
  }
  tokens.push({ kind: 'end', text: '', at })
  return tokens
}

function nameAt (text: string, index: number): string {
  NAME.lastIndex = index
  return NAME.exec(text)?.[0] ?? ''
}
