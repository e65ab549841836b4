const PARTS = /\d+|\D/gu

/**
 * Compares as the YAML library of Go sorts keys, and so llama-swap its sets: numbers by their value, so `s9` before `s10`; letters by code point, so capitals first;
 * signs before numbers before letters, but right after a number letters first.
 */
export function compareNatural (a: string, b: string): number {
  const left = a.match(PARTS) ?? []
  const right = b.match(PARTS) ?? []
  let index = 0
  while (index < left.length && left[index] === right[index]) index++
  const [x, y] = [left[index], right[index]]
  if (x === undefined || y === undefined) return left.length - right.length
  if (rank(x) !== rank(y)) return (rank(x) - rank(y)) * (index > 0 && rank(left[index - 1]!) === 1 ? -1 : 1)
  return rank(x) === 1 ? compareNumbers(x, y) : x.codePointAt(0)! - y.codePointAt(0)!
}

function compareNumbers (a: string, b: string): number {
  const [x, y] = [BigInt(a), BigInt(b)]
  if (x !== y) return x < y ? -1 : 1
  return a.length - b.length
}

function rank (part: string): number {
  if (/^\d/.test(part)) return 1
  return /^\p{L}/u.test(part) ? 2 : 0
}
