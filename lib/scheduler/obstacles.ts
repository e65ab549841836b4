import { addBit, addBits, hasAllBits, hasBit, noBits } from './bits.ts'
import type { Bits } from './bits.ts'
import type { Kind } from './kind.ts'
import type { Policy } from './policy.ts'

/** What is in the way of those who wait, for one look at all of them: of which kinds nobody can begin. It only grows. */
export class Obstacles {
  readonly #policy: Policy
  readonly #excluded: Bits
  readonly #blocked: Bits
  #excludesAll = false

  constructor (policy: Policy) {
    this.#policy = policy
    this.#excluded = noBits(policy.kinds)
    this.#blocked = noBits(policy.kinds)
  }

  /** Whether one of this kind would be in the way of a model that is about to start, or that has waited too long. */
  excludes ({ index }: Kind): boolean { return hasBit(this.#excluded, index) }
  /** Whether somebody whose room one of this kind needs cannot go yet. There may be somebody also if not. */
  blocks ({ index }: Kind): boolean { return hasBit(this.#blocked, index) }
  /** Whether every kind is excluded. */
  get excludesAll (): boolean { return this.#excludesAll }

  /** A model is about to start once others are gone. */
  starts (model: string): void {
    this.#exclude(this.#policy.kind(model).evicts())
  }

  /** A resident cannot go yet. */
  stays (model: string): void {
    addBits(this.#blocked, this.#policy.kind(model).evictedBy())
  }

  /** The first waiter of a kind has waited too long: nothing is begun that excludes its model, or that it excludes. */
  binds (kind: Kind): void {
    // There is one first of each kind, and this was it.
    addBit(this.#excluded, kind.index)
    this.#exclude(kind.evicts(), kind.evictedBy())
  }

  #exclude (...kinds: readonly Bits[]): void {
    for (const bits of kinds) addBits(this.#excluded, bits)
    this.#excludesAll = hasAllBits(this.#excluded)
  }
}
