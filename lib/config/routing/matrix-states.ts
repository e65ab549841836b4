import type { Projection } from './matrix-projection.ts'

/** What the models to be kept are worth, and which one must be there. Both are bits. */
export interface Objective {
  /** Bits in order and what each is worth; positive, or 0 for the target. */
  readonly weights: readonly number[]
  /** 0n: none. */
  readonly target: bigint
}

export interface State {
  readonly models: bigint
  readonly worth: number
}

// Exact while no more states than this come up at once: any seven models that run besides the target, most cases of twice as many, and any number that the expression keeps apart.
// Beyond, the best states found so far go on; past the bound of work, fewer of them.
const MAX_STATES = 256
const MAX_WORK = 100_000
const MIN_STATES = 4

/**
 * Finds the best combination of models that an expression allows, without listing the combinations: parts of a conjunction that share no model are decided apart, and of those
 * that do only states that no other contains are kept. Of equals the leftmost wins.
 */
export function bestState ({ weights, target }: Objective): (projection: Projection) => State | undefined {
  const words = Math.ceil(weights.length / 32)
  const memos = [new Map<Projection, bigint | undefined>(), new Map<Projection, bigint | undefined>()] as const
  const frontiers = new Map<Projection, readonly bigint[]>()
  let work = 0

  function worth (state: bigint): number {
    let sum = 0
    for (let word = 0; word < words; word++) {
      let rest = Number(BigInt.asUintN(32, state >> BigInt(word * 32)))
      for (let bit = word * 32; rest !== 0; bit++, rest >>>= 1) if (rest & 1) sum += weights[bit]!
    }
    return sum
  }

  /** The first of the best; with `need`, of those with the target. */
  function best (projection: Projection, need: boolean): bigint | undefined {
    if (need && (projection.models & target) === 0n) return undefined
    if (projection.kind === 'model') return projection.models
    const memo = memos[need ? 1 : 0]
    if (!memo.has(projection)) {
      memo.set(projection, projection.kind === 'any' ? firstBest(projection.of.map((part) => best(part, need))) : bestOfAll(projection, need))
    }
    return memo.get(projection)
  }

  function bestOfAll ({ of }: Projection, need: boolean): bigint | undefined {
    let state = 0n
    for (const { parts, models } of entangled(of)) {
      const needed = need && (models & target) !== 0n
      const found = parts.length === 1
        ? best(parts[0]!, needed)
        : firstBest(product(parts).filter((candidate) => !needed || (candidate & target) !== 0n))
      if (found === undefined) return undefined
      state |= found
    }
    return state
  }

  function firstBest (states: ReadonlyArray<bigint | undefined>): bigint | undefined {
    let found: bigint | undefined
    let value = -1
    for (const state of states) {
      if (state === undefined) continue
      const own = worth(state)
      if (own > value) [found, value] = [state, own]
    }
    return found
  }

  /** All states that no other contains, in the order in which they come up. */
  function frontier (projection: Projection): readonly bigint[] {
    if (projection.kind === 'model') return [projection.models]
    let states = frontiers.get(projection)
    if (states === undefined) {
      states = projection.kind === 'any' ? maximal(new Set(projection.of.flatMap((part) => frontier(part))), MAX_STATES) : product(projection.of)
      frontiers.set(projection, states)
    }
    return states
  }

  function product (parts: readonly Projection[]): readonly bigint[] {
    let states: readonly bigint[] = [0n]
    for (const part of parts) {
      const combined = new Set<bigint>()
      const right = frontier(part)
      for (const one of states) for (const other of right) combined.add(one | other)
      work += states.length * right.length * words
      states = maximal(combined, work < MAX_WORK ? MAX_STATES : MIN_STATES)
    }
    return states
  }

  function maximal (distinct: ReadonlySet<bigint>, limit: number): readonly bigint[] {
    const states = distinct.size > limit ? cut([...distinct], limit) : [...distinct]
    work += states.length * states.length * words / 8
    return states.filter((state) => !states.some((other) => other !== state && (state | other) === other))
  }

  // Half of what stays has the target, so that a way to the target is never lost.
  function cut (states: readonly bigint[], limit: number): readonly bigint[] {
    const ranked = states.map((state) => ({ state, value: worth(state) })).sort((a, b) => b.value - a.value)
    const [having, lacking] = [ranked.filter(({ state }) => (state & target) !== 0n), ranked.filter(({ state }) => (state & target) === 0n)]
    const kept = new Set([...having.slice(0, limit / 2), ...lacking.slice(0, limit / 2)].map(({ state }) => state))
    return states.filter((state) => kept.has(state))
  }

  return (projection) => {
    const models = best(projection, target !== 0n)
    return models === undefined ? undefined : { models, worth: worth(models) }
  }
}

/** Groups the parts so that no two groups share a model; within a group the order stays. */
function entangled (of: readonly Projection[]): ReadonlyArray<{ readonly parts: readonly Projection[], readonly models: bigint }> {
  let groups: Array<{ parts: Array<readonly [number, Projection]>, models: bigint }> = []
  let seen = 0n
  for (const entry of of.entries()) {
    const group = { parts: [entry] as Array<readonly [number, Projection]>, models: entry[1].models }
    if ((seen & group.models) !== 0n) {
      const touching = groups.filter(({ models }) => (models & entry[1].models) !== 0n)
      groups = groups.filter((other) => !touching.includes(other))
      for (const other of touching) {
        group.parts.push(...other.parts)
        group.models |= other.models
      }
    }
    groups.push(group)
    seen |= group.models
  }
  return groups.map(({ parts, models }) => ({ parts: parts.sort(([a], [b]) => a - b).map(([, part]) => part), models }))
}
