import type { Test } from 'tap'
import type { Delay, Gateway } from './gateway.ts'

const MB = 1e6
const MAX_DELAY = 20

/** Prints a line; on stderr, since reporters keep the comments of what passes to themselves. */
export function report (line: string): void {
  console.error(`# ${line}`)
}

export function megabytes (bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`
}

/** Checks how long the gateway's event loop was held up since its delay was last restarted. */
export async function checkLoopDelay (t: Test, gateway: Gateway, when: string): Promise<void> {
  const { all, own } = await gateway.call('loopDelay')
  report(`${when}: event-loop delay ${inWords(all)}; without its waits for a CPU ${inWords(own)}`)
  // Where the machine has no CPU for the gateway, the delay is the machine's.
  t.ok(Math.min(all.p99, own.p99) < MAX_DELAY, `${when}: the event-loop delay is under ${MAX_DELAY} ms at p99`)
}

function inWords ({ p50, p99, max, count }: Delay): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(1)} ms of ${count}`
}
