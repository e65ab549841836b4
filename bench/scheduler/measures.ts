import type { Run } from './simulate.ts'

export interface Measures {
  /** For each 1,000 requests. */
  readonly swaps: number
  readonly mean: number
  readonly p99: number
  readonly longest: number
  /** Jain's index over the models' mean waits: 1 when all wait equally long, 1/n when only one of n waits. */
  readonly fairness: number
}

export function measure ({ requests, lives }: Run): Measures {
  const waits = requests.map(({ arrivedAt, grantedAt }) => grantedAt - arrivedAt).sort((a, b) => a - b)
  const models = new Map<string, number[]>()
  for (const { model, arrivedAt, grantedAt } of requests) models.set(model, [...models.get(model) ?? [], grantedAt - arrivedAt])
  return {
    swaps: lives.filter(({ evictor }) => evictor !== undefined).length * 1000 / requests.length,
    mean: mean(waits),
    p99: waits[Math.ceil(waits.length * 0.99) - 1]!,
    longest: waits.at(-1)!,
    fairness: jain([...models.values()].map(mean))
  }
}

function jain (values: readonly number[]): number {
  const squares = sum(values.map((value) => value ** 2))
  return squares === 0 ? 1 : sum(values) ** 2 / (values.length * squares)
}

function mean (values: readonly number[]): number {
  return sum(values) / values.length
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
