/** The one clock. Everything that waits takes it as an argument, so that tests can turn the hands. */
export interface Clock {
  /** Monotonic milliseconds. */
  now (): number
  /** Epoch milliseconds, for what people read. */
  epoch (): number
  /** Calls `fn` once after `ms`. Returns what cancels it. */
  after (ms: number, fn: () => void): () => void
}

// setTimeout fires at once for delays beyond 31 bits.
const MAX_DELAY = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  epoch: () => Date.now(),
  after (ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, MAX_DELAY))
    return () => clearTimeout(timer)
  }
}
