const PARTS = /\p{Nd}+|[^\p{Nd}]/gu

/**
 * Compares as YAML's writers sort keys, and so llama-swap its sets: numbers by their value, so `s9` before `s10`; letters by code point, so capitals first; a letter
 * after any other character, but before it where the names were at a number.
 */
export function compareNatural (a: string, b: string): number {
  const left = a.match(PARTS) ?? []
  const right = b.match(PARTS) ?? []
  let index = 0
  while (index < left.length && left[index] === right[index]) index++
  const [x, y] = [left[index], right[index]]
  if (x === undefined || y === undefined) return left.length - right.length
  if (isNumber(x) && isNumber(y)) return compareNumbers(x, y)
  const letters = Number(isLetter(x)) - Number(isLetter(y))
  if (letters !== 0) return index > 0 && isNumber(left[index - 1]!) ? -letters : letters
  return x.codePointAt(0)! - y.codePointAt(0)!
}

function compareNumbers (a: string, b: string): number {
  const [x, y] = [BigInt(a), BigInt(b)]
  if (x !== y) return x < y ? -1 : 1
  return a.length - b.length
}

const isNumber = (part: string): boolean => /^\p{Nd}/u.test(part)
const isLetter = (part: string): boolean => /^\p{L}/u.test(part)
