import type { Clock } from '../../clock.ts'
import { isLive, listProcesses } from './proc.ts'

/** Sends a signal to every process of a group. False when there is none left. */
export function signalGroup (leader: number, signal: NodeJS.Signals | 0): boolean {
  return send(-leader, signal)
}

export function signalProcess (pid: number, signal: NodeJS.Signals | 0): boolean {
  return send(pid, signal)
}

function send (target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal)
    return true
  } catch (error) {
    // EPERM: it exists, though not ours to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Resolves when no process of the group, and none of the others, is alive; false when that took longer than `ms`.
 * A zombie counts as gone. `others` may grow meanwhile.
 */
export async function allGone (leader: number | undefined, others: ReadonlySet<number>, ms: number, clock: Clock): Promise<boolean> {
  const end = clock.now() + ms
  for (let pause = 1; ; pause = Math.min(pause * 2, 250)) {
    if (!await anyLive(leader, others)) return true
    if (clock.now() + pause > end) return false
    await new Promise<void>((resolve) => clock.after(pause, resolve))
  }
}

// kill(2) also finds zombies, which some systems leave for long; where there is no /proc, kill has the last word.
async function anyLive (leader: number | undefined, others: ReadonlySet<number>): Promise<boolean> {
  const known = (leader !== undefined && signalGroup(leader, 0)) || [...others].some((pid) => signalProcess(pid, 0))
  if (!known) return false
  const processes = await listProcesses()
  return processes === undefined || processes.some((stat) => isLive(stat) && (stat.group === leader || others.has(stat.pid)))
}
