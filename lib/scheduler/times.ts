interface Times {
  load: number
  service: number
}

// How much a new measurement counts.
const WEIGHT = 0.2
const SHORTEST = 1000
const LONGEST = 600_000

/** How long each model's loads and requests have taken lately, in milliseconds: what a refused client is told to wait. */
export class MeasuredTimes {
  #times = new Map<string, Times>()

  loaded (model: string, ms: number): void {
    const times = this.#of(model)
    times.load = mean(times.load, ms)
  }

  served (model: string, ms: number): void {
    const times = this.#of(model)
    times.service = mean(times.service, ms)
  }

  /** When the next of these requests is likely to end: one of `count` side by side, after a load that began so long ago. */
  nextEnd (model: string, count: number, loadingFor: number | undefined): number {
    const { load, service } = this.#times.get(model) ?? { load: 0, service: 0 }
    const left = loadingFor === undefined ? 0 : Math.max(0, load - loadingFor)
    return Math.min(Math.max(left + service / Math.max(1, count), SHORTEST), LONGEST)
  }

  #of (model: string): Times {
    let times = this.#times.get(model)
    if (times === undefined) this.#times.set(model, times = { load: 0, service: 0 })
    return times
  }
}

function mean (old: number, ms: number): number {
  return old === 0 ? ms : old + (ms - old) * WEIGHT
}
