import type { Clock } from '../../clock.ts'
import { isLive, thisPlatform } from './platform/platform.ts'
import type { Platform } from './platform/platform.ts'
import { sendSignal } from './platform/send-signal.ts'

/** A process that leads a group; elsewhere, the root of a tree. */
export interface Leader {
  readonly pid: number
  readonly exited: () => boolean
}

/** Asks every process of a group to end, or ends it. */
export function signalGroup (leader: Leader, signal: 'SIGTERM' | 'SIGKILL', platform: Platform = thisPlatform): void {
  if (platform.groups || !leader.exited()) platform.signalGroup(leader.pid, signal)
}

export function signalProcess (pid: number, signal: NodeJS.Signals): void {
  sendSignal(pid, signal)
}

/**
 * Resolves when no process of the group, and none of the others, is alive; false when that took longer than `ms`.
 * A zombie counts as gone. `others` may grow meanwhile.
 */
export async function allGone (leader: Leader | undefined, others: ReadonlySet<number>, ms: number, clock: Clock, platform: Platform = thisPlatform): Promise<boolean> {
  const end = clock.now() + ms
  for (let pause = 1; ; pause = Math.min(pause * 2, 250)) {
    if (!await anyLive(leader, others, platform)) return true
    if (clock.now() + pause > end) return false
    await new Promise<void>((resolve) => clock.after(pause, resolve))
  }
}

// kill(2) also finds zombies, which some systems leave for long; where processes cannot be listed, kill has the last word.
async function anyLive (leader: Leader | undefined, others: ReadonlySet<number>, platform: Platform): Promise<boolean> {
  const known = (leader !== undefined && exists(leader, platform)) || [...others].some((pid) => sendSignal(pid, 0))
  if (!known) return false
  const processes = await platform.listProcesses?.()
  return processes === undefined || processes.some((stat) => isLive(stat) && (stat.group === leader?.pid || others.has(stat.pid)))
}

function exists (leader: Leader, platform: Platform): boolean {
  return platform.groups ? sendSignal(-leader.pid, 0) : !leader.exited()
}
