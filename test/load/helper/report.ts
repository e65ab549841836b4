import type { Test } from 'tap'
import type { Delay, Gateway } from './gateway.ts'

const MB = 1e6
const MAX_DELAY = 20
// Of the time. With more, the figure tells of the machine.
const MAX_STARVED = 0.05

/** Prints a line; on stderr, since reporters keep the comments of what passes to themselves. */
export function report (line: string): void {
  console.error(`# ${line}`)
}

export function megabytes (bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`
}

/** Checks how long the gateway's event loop was held up since its delay was last restarted. */
export async function checkLoopDelay (t: Test, gateway: Gateway, when: string): Promise<void> {
  const { all, own, starved } = await gateway.call('loopDelay')
  const share = `${(starved * 100).toFixed(1)} %`
  report(`${when}: event-loop delay ${inWords(all)}; without its waits for a CPU, ${share} of the time, ${inWords(own)}`)
  const isUnder = Math.min(all.p99, own.p99) < MAX_DELAY
  const what = `${when}: the event-loop delay is under ${MAX_DELAY} ms at p99`
  // Then the machine is what was measured.
  if (!isUnder && starved > MAX_STARVED) t.pass(what, { skip: `the gateway had no CPU for ${share} of the time` })
  else t.ok(isUnder, what)
}

function inWords ({ p50, p99, max, count }: Delay): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(1)} ms of ${count}`
}
