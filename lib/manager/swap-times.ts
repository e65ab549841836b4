import type { Cause } from '../../types/events.ts'
import { evictorIn } from '../scheduler/resident.ts'

/** Since when each model to be started has had others stopped for its sake. */
export class SwapTimes {
  readonly #since = new Map<string, number>()

  stopped (cause: Cause, now: number): void {
    const evictor = evictorIn(cause)
    if (evictor !== undefined && !this.#since.has(evictor)) this.#since.set(evictor, now)
  }

  /** When the swap for a model that is started now began. */
  started (model: string, now: number): number {
    const since = this.#since.get(model) ?? now
    this.#since.delete(model)
    return since
  }
}
