import type { Clock } from '../clock.ts'
import type { ModelConfig } from '../config/config.ts'
import { describeExit } from './failure.ts'
import { createPool } from './pool.ts'
import { probeReadiness } from './probe.ts'
import type { Run } from './run.ts'

/** How a start ended. */
export type StartResult =
  | { readonly event: 'ready' }
  | { readonly event: 'aborted' }
  | FailedStart

/** With the reason in words. */
export interface FailedStart {
  readonly event: 'exit' | 'launchError' | 'deadline' | 'stranger'
  readonly reason: string
  readonly lastProbe: string
}

/** Waits for a launched server: until it is ready, dead, too late, or no longer wanted, whichever is first. */
export async function awaitStart (run: Run, config: ModelConfig, clock: Clock, aborted: AbortSignal, deadlineAt: number): Promise<StartResult> {
  const done = new AbortController()
  let cancelDeadline = (): void => {}
  let lastProbe = (): string => 'it was not placed yet'

  const failed = run.handle.exited.then((exit): StartResult => ({
    event: exit.why === 'rejected' ? 'launchError' : 'exit', reason: describeExit(exit), lastProbe: lastProbe()
  }))
  const deadline = new Promise<StartResult>((resolve) => {
    cancelDeadline = clock.after(Math.max(0, deadlineAt - clock.now()), () => {
      resolve({ event: 'deadline', reason: `not ready after ${config.startTimeout / 1000} s`, lastProbe: lastProbe() })
    })
  })
  const abort = new Promise<StartResult>((resolve) => {
    aborted.addEventListener('abort', () => resolve({ event: 'aborted' }), { once: true, signal: done.signal })
  })
  const ready = async (): Promise<StartResult> => {
    run.endpoint = await run.handle.endpoint()
    run.pool = createPool(run.endpoint, config.timeouts)
    if (config.checkEndpoint !== undefined) {
      const probe = probeReadiness({
        pool: run.pool,
        path: run.endpoint.basePath + config.checkEndpoint,
        clock,
        signal: done.signal,
        timeLeft: () => deadlineAt - clock.now(),
        onHint: (listener) => run.handle.output(listener)
      })
      lastProbe = probe.lastResult
      // Who accepts is found out while the server loads, not after its first 200.
      await probe.accepted
      const stranger = await run.handle.stranger?.()
      if (stranger !== undefined && run.handle.state !== 'exited') return { event: 'stranger', reason: stranger, lastProbe: lastProbe() }
      await probe.ready
    }
    return run.handle.state === 'exited' ? failed : { event: 'ready' }
  }

  try {
    // A rejected endpoint is a failed launch, which `failed` tells.
    return await Promise.race([failed, ready().catch(() => failed), deadline, abort])
  } finally {
    cancelDeadline()
    done.abort()
  }
}
