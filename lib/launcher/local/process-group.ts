import { readdir, readFile } from 'node:fs/promises'
import type { Clock } from '../../clock.ts'

/** Sends a signal to every process of a group. False when there is none left. */
export function signalGroup (leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal)
    return true
  } catch (error) {
    // EPERM: it exists, though not ours to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Resolves when no process of the group is alive; false when that took longer than `ms`. A zombie counts as gone. */
export async function groupGone (leader: number, ms: number, clock: Clock): Promise<boolean> {
  const end = clock.now() + ms
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    if (!signalGroup(leader, 0) || !await hasLiveMember(leader)) return true
    if (clock.now() + pause > end) return false
    await new Promise<void>((resolve) => clock.after(pause, resolve))
  }
}

// kill(2) also finds zombies, which some systems leave for long; where there is no /proc, kill has the last word.
async function hasLiveMember (leader: number): Promise<boolean> {
  const entries = await readdir('/proc').catch(() => undefined)
  if (entries === undefined) return true
  const members = await Promise.all(entries.filter((name) => /^\d+$/.test(name)).map((pid) => isLiveMember(pid, leader)))
  return members.includes(true)
}

// /proc/<pid>/stat is `pid (name) state ppid pgrp ...`; the name may hold anything, even parentheses.
async function isLiveMember (pid: string, leader: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(group) === leader && state !== 'Z' && state !== 'X'
}
