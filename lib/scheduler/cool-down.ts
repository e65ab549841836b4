interface Failures {
  failures: number
  crashes: number
  until: number
  readyAt: number | undefined
  error: Error
}

const FIRST = 1000
const LONGEST = 60_000
/** Ready for so long, a model's failures are forgotten. */
const FORGOTTEN_AFTER = 60_000

/**
 * Keeps models that fail from being started in a hot loop: 1 s after a failed start, doubling to 60 s. A crash soon after ready
 * counts like a failed start, but the first one is forgiven. With jitter, so that models that fail together are not tried together.
 */
export class CoolDowns {
  #records = new Map<string, Failures>()
  /** Nothing cools down for longer. */
  #until = 0
  #seed = 1

  /** A start failed. */
  failed (model: string, error: Error, now: number): void {
    const record = this.#record(model, error)
    record.failures++
    record.readyAt = undefined
    record.until = now + Math.min(LONGEST, FIRST * 2 ** (record.failures - 1)) * this.#jitter()
    this.#until = Math.max(this.#until, record.until)
  }

  /** A ready server died. */
  crashed (model: string, error: Error, now: number): void {
    const readyAt = this.#records.get(model)?.readyAt
    if (readyAt !== undefined && now - readyAt >= FORGOTTEN_AFTER) this.#records.delete(model)
    const record = this.#record(model, error)
    record.crashes++
    if (record.crashes > 1) this.failed(model, error, now)
  }

  ready (model: string, now: number): void {
    const record = this.#records.get(model)
    if (record !== undefined) record.readyAt = now
  }

  /** Somebody wants it tried now all the same; its failures still count. */
  override (model: string): void {
    const record = this.#records.get(model)
    if (record !== undefined) record.until = 0
  }

  /** What failed is not what would be started now. */
  forget (model: string): void {
    this.#records.delete(model)
  }

  /** Whether any model may be cooling down. */
  anyAt (now: number): boolean { return now < this.#until }

  /** How long a model is not to be started, and why; undefined when it may be. */
  of (model: string, now: number): { ms: number, error: Error } | undefined {
    const record = this.#records.get(model)
    return record === undefined || record.until <= now ? undefined : { ms: record.until - now, error: record.error }
  }

  #record (model: string, error: Error): Failures {
    const record = this.#records.get(model) ?? { failures: 0, crashes: 0, until: 0, readyAt: undefined, error }
    this.#records.set(model, record)
    record.error = error
    return record
  }

  // 0.8 to 1.2; from a seed, since the same events must have the same effects (Lehmer's generator).
  #jitter (): number {
    this.#seed = this.#seed * 48_271 % 2_147_483_647
    return 0.8 + 0.4 * this.#seed / 2_147_483_647
  }
}
