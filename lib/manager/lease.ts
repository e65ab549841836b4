import type { Lease } from '../../types/lease.ts'
import type { ReadyRun } from '../model/run.ts'

/** Lends a ready run. `onRelease` is called once, whatever the holder does. */
export function createLease (model: string, { endpoint, pool, lifetime }: ReadyRun, onRelease: () => void): Lease {
  let held = true
  const release = (): void => {
    if (!held) return
    held = false
    onRelease()
  }
  return {
    model,
    origin: endpoint.origin,
    basePath: endpoint.basePath,
    dispatcher: pool,
    signal: lifetime.signal,
    release,
    [Symbol.dispose]: release
  }
}
