/** Numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
export function seeded (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Whole milliseconds between events that come at random, so many on average. */
export function exponential (random: () => number, mean: number): number {
  return Math.round(-mean * Math.log(1 - random()))
}

/** Whole milliseconds, all equally likely. */
export function uniform (random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1))
}

/** One of the keys, each as likely as its weight says. */
export function weighted (random: () => number, weights: ReadonlyMap<string, number>): string {
  let left = random() * [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  for (const [key, weight] of weights) {
    left -= weight
    if (left < 0) return key
  }
  return [...weights.keys()].at(-1)!
}
