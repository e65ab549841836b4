import type { Clock } from '../clock.ts'
import type { Run } from './run.ts'

// A server that hears SIGTERM with a request open may wait for its end (llama-server does); that it is aborted takes it a moment to see.
const DISCONNECT = 20
// What SIGKILL has not ended after so long is held by the kernel.
const UNKILLABLE = 2000

export interface Endings {
  /** Its resources are free; also when it was stuck before. */
  readonly onGone: () => void
  /** It cannot be killed. */
  readonly onStuck: () => void
}

/** Ends a server, by force after the grace. Settles within the grace and 2 s: it is gone then, or stuck. */
export async function endRun ({ handle, pool, formerPools }: Run, grace: number, clock: Clock, { onGone, onStuck }: Endings): Promise<void> {
  const pools = pool === undefined ? [] : [pool, ...formerPools]
  const busy = grace > 0 && pools.some(({ stats }) => stats.running > 0)
  const gone = (busy ? pause(clock, DISCONNECT).then(() => handle.stop(grace)) : handle.stop(grace)).then(() => {
    for (const pool of pools) pool.close().catch(() => {})
    onGone()
  })
  await new Promise<void>((resolve) => {
    const cancel = clock.after(grace + UNKILLABLE, () => {
      onStuck()
      resolve()
    })
    void gone.then(() => {
      cancel()
      resolve()
    })
  })
}

function pause (clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve))
}
