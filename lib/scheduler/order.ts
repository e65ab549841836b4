/** Who goes first, and what a wait is worth. Times are milliseconds. */
export interface Order {
  /** A waiter's place: the lower goes first. */
  key (now: number, priority: number): number
  /** Once a waiter has waited so long for room, new requests for the models that hold it queue behind it. */
  readonly maxWait: number
  /** How long a model that was just loaded keeps its place while somebody waits for it. */
  residency (loadTime: number): number
  /** Whether two swaps may wait for the end of one and the same server. */
  readonly sharesEvictions: boolean
}

const HIGHEST = 1000

/**
 * Nobody starves: by arrival, where a point of priority is worth `maxWait` of waiting, so that it ages; a waiter that has waited `maxWait`
 * closes the way for others; and a model just loaded keeps its place for as long as its load took, so that the machine does not only load.
 */
export function fair ({ maxWait, minResidency }: { readonly maxWait: number, readonly minResidency: number }): Order {
  return {
    key: (now, priority) => now - Math.min(Math.max(priority, -HIGHEST), HIGHEST) * Math.max(maxWait, 1),
    maxWait,
    residency: (loadTime) => Math.min(loadTime, minResidency, maxWait),
    sharesEvictions: true
  }
}

/** llama-swap's order: by priority, then by arrival; whoever can be served now is, whoever else may starve for it. */
export const fifo: Order = {
  key: (_now, priority) => -priority,
  maxWait: Infinity,
  residency: () => 0,
  sharesEvictions: false
}
