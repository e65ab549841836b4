import type { Run } from './run.ts'
import type { StartResult } from './start.ts'

/** A server that was launched, and how its start ended. */
export interface Attempt {
  readonly run: Run
  readonly result: StartResult
}

/** Makes an attempt; when somebody else was quicker on the server's port, once more: the launcher then finds a fresh one. */
export async function withSecondTry (attempt: () => Promise<Attempt>, aborted: AbortSignal): Promise<Attempt> {
  const first = await attempt()
  if (aborted.aborted || !await lostPort(first)) return first
  const { handle, pool } = first.run
  await handle.stop(0)
  pool?.close().catch(() => {})
  return aborted.aborted ? first : attempt()
}

async function lostPort ({ run: { handle }, result: { event } }: Attempt): Promise<boolean> {
  return event === 'stranger' || (event === 'exit' && await handle.stranger?.() !== undefined)
}
