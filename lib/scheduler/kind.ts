import type { Bits } from './bits.ts'

/**
 * A class of models. Those of one class need the same others gone, so that when the first of them that waits cannot start, none can.
 * A model that is alone in its class is always right, and dearer the more of them wait.
 */
export interface Kind {
  readonly index: number
  /** The kinds of those that must be gone before one of this kind starts. */
  readonly evicts: () => Bits
  /** The kinds of those before whose start one of this kind must be gone. */
  readonly evictedBy: () => Bits
}

/** A kind that works out what it excludes when somebody first asks; both ways are the same unless it is told how to find the other. */
export function createKind (index: number, evicts: () => Bits, evictedBy?: () => Bits): Kind {
  const forward = once(evicts)
  return { index, evicts: forward, evictedBy: evictedBy === undefined ? forward : once(evictedBy) }
}

function once<Value> (make: () => Value): () => Value {
  let value: Value | undefined
  return () => {
    value ??= make()
    return value
  }
}
