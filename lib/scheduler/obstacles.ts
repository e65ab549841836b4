import { addBit, addBits, clearBits, hasAllBits, hasAnyBit, hasBit, noBits } from './bits.ts'
import type { Bits } from './bits.ts'
import type { Kind } from './kind.ts'
import type { Policy } from './policy.ts'
import type { Resident } from './resident.ts'

/** What is in the way of those who wait for room, in one look at all of them: who is to go, and of which kinds nobody can begin. In one look it only grows. */
export class Obstacles {
  readonly #policy: Policy
  readonly #residents: ReadonlyMap<string, Resident>
  #canGo: (resident: Resident) => boolean = () => true
  /** The kinds of which nothing is begun. */
  readonly #excluded: Bits
  #excludesAll = false
  /** The kinds that need the room of somebody who cannot go now. */
  readonly #blocked: Bits
  /** The residents, and the indexes of their kinds; undefined until somebody is looked at in whose way they may be. */
  #seen: { readonly residents: Resident[], readonly kinds: number[] } | undefined

  constructor (policy: Policy, residents: ReadonlyMap<string, Resident>) {
    this.#policy = policy
    this.#residents = residents
    this.#excluded = noBits(policy.kinds)
    this.#blocked = noBits(policy.kinds)
  }

  /** Another look, with nothing in the way yet. */
  clear (canGo: (resident: Resident) => boolean): void {
    this.#canGo = canGo
    clearBits(this.#excluded, this.#policy.kinds)
    clearBits(this.#blocked, this.#policy.kinds)
    this.#excludesAll = false
    this.#seen = undefined
  }

  /** Whether every kind is excluded. */
  get excludesAll (): boolean { return this.#excludesAll }

  /** Whether one of this kind would be in the way of a model that is about to start, or that has waited too long. */
  excludes ({ index }: Kind): boolean { return hasBit(this.#excluded, index) }

  /** Whether somebody cannot go now whose room one of this kind needs, whoever else is there. */
  blocks (kind: Kind): boolean {
    if (this.#seen === undefined && !hasAnyBit(kind.evicts())) return false
    this.#look()
    return hasBit(this.#blocked, kind.index)
  }

  /** What must be gone before a model of this kind starts. */
  evictions (model: string, kind: Kind): readonly Resident[] {
    const evicts = kind.evicts()
    if (!hasAnyBit(evicts)) return []
    const { residents, kinds } = this.#look()
    const evicted: Resident[] = []
    for (let index = 0; index < residents.length; index++) if (hasBit(evicts, kinds[index]!)) evicted.push(residents[index]!)
    // One that may stay does; of several it can depend on each other.
    return this.#policy.isPairwise || residents.length - evicted.length < 2 ? evicted : this.#policy.evictions(model, residents)
  }

  /** A model is about to start, once others are gone. */
  awaits (model: string): void { this.#exclude(this.#policy.kind(model).evicts()) }

  /** The first waiter of a kind has waited too long: nothing is begun that excludes its model, or that it excludes. */
  binds (kind: Kind): void {
    // There is one first of each kind, and this was it.
    addBit(this.#excluded, kind.index)
    addBits(this.#excluded, kind.evictedBy())
    this.#exclude(kind.evicts())
  }

  /** There is a resident more. */
  comes (resident: Resident): void {
    if (this.#seen === undefined) return
    const kind = this.#policy.kind(resident.model)
    this.#seen.residents.push(resident)
    this.#seen.kinds.push(kind.index)
    if (!this.#canGo(resident)) addBits(this.#blocked, kind.evictedBy())
  }

  /** A resident cannot go any more. */
  stays ({ model }: Resident): void { addBits(this.#blocked, this.#policy.kind(model).evictedBy()) }

  #exclude (kinds: Bits): void {
    addBits(this.#excluded, kinds)
    this.#excludesAll = hasAllBits(this.#excluded)
  }

  #look (): { readonly residents: readonly Resident[], readonly kinds: readonly number[] } {
    if (this.#seen === undefined) {
      this.#seen = { residents: [], kinds: [] }
      for (const resident of this.#residents.values()) this.comes(resident)
    }
    return this.#seen
  }
}
