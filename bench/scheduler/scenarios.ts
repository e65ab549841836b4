import { exponential, seeded, uniform, weighted } from './random.ts'
import type { Arrival, ModelTimes, Workload } from './workload.ts'

export interface Scenario extends Workload {
  readonly name: string
}

interface Mix {
  readonly name: string
  readonly seed: number
  readonly count: number
  /** Milliseconds from one request to the next, on average; 0: all at once. */
  readonly gap: number
  /** Each model's share of the requests, and its times. */
  readonly models: Readonly<Record<string, ModelTimes & { readonly share: number }>>
}

const quick = { load: 5000, stop: 500 }
const SERVICE = { least: 500, most: 5500 }

/** One model at a time; requests come at random and are served for 0.5 to 5.5 s. */
export const scenarios: readonly Scenario[] = ([
  { name: 'steady A, rare B', seed: 1, count: 1000, gap: 500, models: { A: { ...quick, share: 99 }, B: { ...quick, share: 1 } } },
  { name: 'two busy models', seed: 2, count: 1000, gap: 500, models: { A: { ...quick, share: 1 }, B: { ...quick, share: 1 } } },
  { name: 'five models, Zipf', seed: 3, count: 1000, gap: 500, models: zipf(['A', 'B', 'C', 'D', 'E']) },
  { name: 'one slow loader', seed: 4, count: 1000, gap: 500, models: { A: { ...quick, share: 6 }, B: { ...quick, share: 3 }, slow: { load: 60_000, stop: 2000, share: 1 } } },
  { name: 'burst of 500', seed: 5, count: 500, gap: 0, models: zipf(['A', 'B', 'C', 'D', 'E']) }
] satisfies Mix[]).map(generate)

function zipf (names: readonly string[]): Mix['models'] {
  return Object.fromEntries(names.map((name, index) => [name, { ...quick, share: 1 / (index + 1) }]))
}

function generate ({ name, seed, count, gap, models }: Mix): Scenario {
  const random = seeded(seed)
  const shares = new Map(Object.entries(models).map(([model, { share }]) => [model, share]))
  const arrivals: Arrival[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    at += gap === 0 ? 0 : exponential(random, gap)
    arrivals.push({ at, model: weighted(random, shares), service: uniform(random, SERVICE.least, SERVICE.most) })
  }
  return { name, models: new Map(Object.entries(models)), arrivals }
}
