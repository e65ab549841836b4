import type { Clock } from '../../clock.ts'
import { findInstance } from './mark.ts'
import type { Owner } from './mark.ts'
import { allGone, signalProcess } from './process-group.ts'

export interface Leftovers {
  /** The processes of dead owners, which were ended. */
  readonly ended: readonly number[]
  /** The pids of other living gateways of the same instance. */
  readonly rivals: readonly number[]
}

const GRACE = 1000
const KILL_WAIT = 1000

/** Ends the servers that an earlier life of the same instance has left behind; those of living owners are not touched. */
export async function sweepLeftovers (own: Owner, clock: Clock): Promise<Leftovers> {
  const found = (await findInstance(own.instance)).filter(({ stat, owner }) => owner.pid !== own.pid && stat.pid !== process.pid)
  const rivals = new Set<number>()
  const left = new Set<number>()
  for (const { stat, owner, owned } of found) {
    if (owned) rivals.add(owner.pid)
    else left.add(stat.pid)
  }
  if (left.size > 0) await endAll(left, clock)
  return { ended: [...left], rivals: [...rivals] }
}

async function endAll (pids: ReadonlySet<number>, clock: Clock): Promise<void> {
  for (const pid of pids) signalProcess(pid, 'SIGTERM')
  if (await allGone(undefined, pids, GRACE, clock)) return
  for (const pid of pids) signalProcess(pid, 'SIGKILL')
  await allGone(undefined, pids, KILL_WAIT, clock)
}
