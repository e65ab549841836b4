import type { Workload } from './workload.ts'

/** A model's requests that are still to come or to be served, by their arrival. */
interface Line {
  readonly model: string
  readonly arrivals: readonly number[]
  readonly ends: readonly number[]
  /** `sums[i]`: the first i arrivals, added up. */
  readonly sums: readonly number[]
  served: number
}

interface Choice {
  /** How many more requests of the model that is there are served first. */
  readonly more: number
  readonly next: Line
  readonly until: number
  readonly worth: number
}

/**
 * The mean wait of a greedy order that knows all arrivals and service times, for one model at a time. With a model ready, it considers each pair of
 * how many more of that model's requests it serves, as they come, before it closes, drains and stops it, and which model it loads then (ahead of
 * its first request if need be). It takes the pair with the least waiting, of everybody from now until that model serves, for each request served by then.
 */
export function greedyMeanWait ({ models, arrivals }: Workload): number {
  const lines = [...models.keys()].map((model) => lineOf(model, arrivals))
  let waited = 0
  let now = 0
  let idleAt = 0
  let resident: Line | undefined
  for (;;) {
    const choice = choose(lines, resident, { now, idleAt, models })
    if (choice === undefined) return waited / arrivals.length
    if (resident !== undefined) resident.served += choice.more
    const { next, until } = choice
    resident = next
    now = idleAt = until
    for (; next.served < next.arrivals.length && next.arrivals[next.served]! <= now; next.served++) {
      waited += now - next.arrivals[next.served]!
      idleAt = Math.max(idleAt, now + next.ends[next.served]! - next.arrivals[next.served]!)
    }
  }
}

function choose (lines: readonly Line[], resident: Line | undefined, { now, idleAt, models }: { now: number, idleAt: number } & Pick<Workload, 'models'>): Choice | undefined {
  const others = lines.filter((line) => line !== resident && line.served < line.arrivals.length)
  const stop = resident === undefined ? 0 : models.get(resident.model)!.stop
  const most = resident === undefined ? 0 : resident.arrivals.length - resident.served
  let best: Choice | undefined
  let closedAt = now
  for (let more = 0; more <= most; more++) {
    if (more > 0) {
      const index = resident!.served + more - 1
      closedAt = resident!.arrivals[index]!
      idleAt = Math.max(idleAt, resident!.ends[index]!)
    }
    for (const next of others) {
      const readyAt = Math.max(closedAt, idleAt) + stop + models.get(next.model)!.load
      const until = Math.max(readyAt, next.arrivals[next.served]!)
      let waiting = resident === undefined ? 0 : waitingOf(resident, resident.served + more, now, until)
      for (const other of others) waiting += waitingOf(other, other.served, now, until)
      const worth = waiting / (more + countBy(next, until) - next.served)
      if (best === undefined || worth < best.worth) best = { more, next, until, worth }
    }
  }
  return best
}

/** What a line's requests from the `from`th on wait between two moments, all together. */
function waitingOf (line: Line, from: number, now: number, until: number): number {
  const here = Math.max(from, countBy(line, now))
  const come = Math.max(here, countBy(line, until))
  return (here - from) * (until - now) + (come - here) * until - (line.sums[come]! - line.sums[here]!)
}

/** How many have come by then. */
function countBy ({ arrivals }: Line, at: number): number {
  let low = 0
  let high = arrivals.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (arrivals[middle]! <= at) low = middle + 1
    else high = middle
  }
  return low
}

function lineOf (model: string, all: Workload['arrivals']): Line {
  const own = all.filter((arrival) => arrival.model === model)
  const sums = [0]
  for (const { at } of own) sums.push(sums.at(-1)! + at)
  return { model, arrivals: own.map(({ at }) => at), ends: own.map(({ at, service }) => at + service), sums, served: 0 }
}
