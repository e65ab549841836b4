import { BACKSLASH } from './json-bytes.ts'
import { readKey } from './json-scan.ts'

// As `\u0061` is written: the most bytes that a letter can take.
const ESCAPE = 6
// Below it a byte is a letter.
const ASCII = 0x80

/**
 * Tells which of the names a key is, if it is one of them. Hostile bodies hold millions of keys: only one that is like a name up to an escape, or to a letter that is not ASCII, is decoded.
 */
export function keyFinder (bytes: Buffer, names: readonly string[]): (start: number, end: number) => string | undefined {
  const known = new Set(names)
  let shortest = Infinity
  let longest = -1
  for (const { length } of names) {
    shortest = Math.min(shortest, length)
    longest = Math.max(longest, length)
  }
  return (start, end) => {
    const length = end - start - 2
    if (length < shortest || length > longest * ESCAPE) return undefined
    for (const name of names) {
      const alike = commonLength(bytes, start + 1, length, name)
      if (alike === length) {
        if (alike === name.length) return name
        continue
      }
      if (bytes[start + 1 + alike] !== BACKSLASH && !(name.charCodeAt(alike) >= ASCII)) continue
      const key = readKey(bytes, start, end)
      return known.has(key) ? key : undefined
    }
    return undefined
  }
}

/** How far a key is written as a name is, in ASCII. */
function commonLength (bytes: Buffer, start: number, length: number, name: string): number {
  let alike = 0
  while (alike < length && bytes[start + alike]! < ASCII && bytes[start + alike] === name.charCodeAt(alike)) alike++
  return alike
}
