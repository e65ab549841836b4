import { BACKSLASH } from './json-bytes.ts'
import { readKey } from './json-scan.ts'

// As `\u0061` is written: the most bytes that a letter can take.
const ESCAPE = 6

/**
 * Tells which of the names a key is, if it is one of them. Hostile bodies hold millions of keys: only one that is like a name up to an escape is decoded.
 */
export function keyFinder (bytes: Buffer, names: readonly string[]): (start: number, end: number) => string | undefined {
  const known = new Set(names)
  const words = names.map((name) => ({ name, word: Buffer.from(name) }))
  let shortest = Infinity
  let longest = -1
  for (const { length } of names) {
    shortest = Math.min(shortest, length)
    longest = Math.max(longest, length)
  }
  return (start, end) => {
    const length = end - start - 2
    if (length < shortest || length > longest * ESCAPE) return undefined
    for (const { name, word } of words) {
      const alike = commonLength(bytes, start + 1, length, word)
      if (alike === length && alike === word.length) return name
      if (alike === length || bytes[start + 1 + alike] !== BACKSLASH) continue
      const key = readKey(bytes, start, end)
      return known.has(key) ? key : undefined
    }
    return undefined
  }
}

function commonLength (bytes: Buffer, start: number, length: number, word: Buffer): number {
  let alike = 0
  while (alike < length && alike < word.length && bytes[start + alike] === word[alike]) alike++
  return alike
}
