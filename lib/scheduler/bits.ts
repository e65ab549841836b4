/** A set of small numbers, a bit each. Those beyond the highest are in every set, so that one that has all numbers has all bits. */
export type Bits = Uint32Array

/** None of the numbers below `count`. */
export function noBits (count: number): Bits {
  const bits = new Uint32Array(Math.ceil(count / 32))
  if (count % 32 !== 0) bits[bits.length - 1] = -1 << count
  return bits
}

/** The numbers below `count` of which this holds. */
export function bitsOf (count: number, holds: (index: number) => boolean): Bits {
  const bits = noBits(count)
  for (let index = 0; index < count; index++) if (holds(index)) addBit(bits, index)
  return bits
}

export function hasBit (bits: Bits, index: number): boolean {
  return (bits[index >>> 5]! & (1 << index)) !== 0
}

export function addBit (bits: Bits, index: number): void {
  bits[index >>> 5]! |= 1 << index
}

export function addBits (bits: Bits, others: Bits): void {
  for (let word = 0; word < bits.length; word++) bits[word]! |= others[word]!
}

export function hasAllBits (bits: Bits): boolean {
  for (let word = 0; word < bits.length; word++) if (bits[word] !== 0xFFFFFFFF) return false
  return true
}
