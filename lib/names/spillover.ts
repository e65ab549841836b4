/** How one target of a spillover selector stands. */
export interface Load {
  /** A server that is up or coming up, or one that serves requests of this selector. */
  readonly active: boolean
  /** A server on its way down takes no new requests. */
  readonly available: boolean
  /** Its requests that came through this selector. */
  readonly requests: number
}

/**
 * Chooses the target for one more request, as llama-swap does: the least busy active one while it has fewer than `limit` requests, those
 * that are alike in turn; else the first cold one; else the least busy.
 *
 * @returns its index, or -1 when none takes requests
 */
export function spillOver (loads: readonly Load[], limit: number, turn: number): number {
  const indexes = loads.map((_, index) => index).filter((index) => loads[index]!.available)
  const active = indexes.filter((index) => loads[index]!.active)
  const cold = indexes.find((index) => !loads[index]!.active)
  if (active.length === 0) return cold ?? -1
  const least = Math.min(...active.map((index) => loads[index]!.requests))
  if (least >= limit && cold !== undefined) return cold
  const alike = active.filter((index) => loads[index]!.requests === least)
  return alike[turn % alike.length]!
}
