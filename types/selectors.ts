/** A name that stands for one of several models, chosen for each request. */
export interface SelectorInput {
  /**
   * - `pin`: always the first target.
   * - `warm`: the first target that is ready, else the first that is starting, else the first.
   * - `spillover`: a running target with fewer than `settings.spillover` requests, else one more is started, else the least busy.
   */
  strategy: 'warm' | 'pin' | 'spillover'
  /** Models by id, alias or, except for `warm`, a peer's. Local targets of `spillover` must be able to run together. */
  targets: string[]
  settings?: {
    /** How many requests of this selector a target takes before the next one is used. Default 1. */
    spillover?: number
    [key: string]: unknown
  }
  /** For listings. */
  name?: string
  /** For listings. */
  description?: string
  /** Leaves the selector out of `/v1/models`; it can be asked for all the same. Default false. */
  unlisted?: boolean
  /** Listed under `meta.llamaswap`. */
  metadata?: Record<string, unknown>
  [key: string]: unknown
}
