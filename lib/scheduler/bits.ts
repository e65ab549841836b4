/** A set of small numbers, a bit each. */
export type Bits = Uint32Array

/** The numbers below `count` of which this holds. */
export function bitsOf (count: number, holds: (index: number) => boolean): Bits {
  const bits = new Uint32Array(Math.ceil(count / 32))
  for (let index = 0; index < count; index++) if (holds(index)) addBit(bits, index)
  return bits
}

/** None of the numbers below `count`, to be added to until there are all: those beyond are in it from the start. */
export function noBits (count: number): Bits {
  const bits = new Uint32Array(Math.ceil(count / 32))
  clearBits(bits, count)
  return bits
}

/** Makes it `noBits` again. */
export function clearBits (bits: Bits, count: number): void {
  bits.fill(0)
  if (count % 32 !== 0) bits[bits.length - 1] = -1 << count
}

export function hasBit (bits: Bits, index: number): boolean {
  return (bits[index >>> 5]! & (1 << index)) !== 0
}

export function addBit (bits: Bits, index: number): void {
  bits[index >>> 5]! |= 1 << index
}

export function removeBit (bits: Bits, index: number): void {
  bits[index >>> 5]! &= ~(1 << index)
}

export function addBits (bits: Bits, others: Bits): void {
  for (let word = 0; word < bits.length; word++) bits[word]! |= others[word]!
}

export function hasAnyBit (bits: Bits): boolean {
  for (let word = 0; word < bits.length; word++) if (bits[word] !== 0) return true
  return false
}

export function hasAllBits (bits: Bits): boolean {
  for (let word = 0; word < bits.length; word++) if (bits[word] !== 0xFFFFFFFF) return false
  return true
}
