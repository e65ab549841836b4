import { readKey } from './json-scan.ts'

// As `\u0061` is written: the most bytes that a letter can take.
const ESCAPE = 6

/** Tells which of the names a key is, if it is one of them. Keys too short or too long for that are not read. */
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
    const key = readKey(bytes, start, end)
    return known.has(key) ? key : undefined
  }
}
