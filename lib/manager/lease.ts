import type { Lease } from '../../types/lease.ts'
import type { ReadyRun } from '../model/run.ts'

const NO_HEADERS = Object.freeze({})

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
    ...(endpoint.socketPath !== undefined && { socketPath: endpoint.socketPath }),
    basePath: endpoint.basePath,
    headers: NO_HEADERS,
    dispatcher: pool,
    signal: lifetime.signal,
    release,
    [Symbol.dispose]: release
  }
}
