import { execa } from 'execa'
import type { Writable } from 'node:stream'
import { thisPlatform } from './platform/platform.ts'
import type { Guarded } from './platform/platform.ts'

/*
 * The guard outlives us: a process in a session of its own that learns over a pipe which servers live. When the pipe closes, whatever
 * ended us, it ends them. Each platform has its own (`posix-guard.ts`, `windows-guard.ts`).
 */
const { command: [program, args], add, remove } = thisPlatform.guard

const guarded = new Map<number, Guarded>()
let pipe: Writable | undefined
let failures = 0
const MAX_FAILURES = 3

/** Tells the guard of a live group, starting it with the first one. */
export function guardGroup (leader: number, startTime: string | undefined, stopArgv: readonly string[] | undefined): void {
  const server = { startTime, stopArgv, since: Date.now() }
  guarded.set(leader, server)
  if (pipe === undefined) startGuard()
  else pipe.write(add(leader, server))
}

/** The group is gone. */
export function unguardGroup (leader: number): void {
  if (guarded.delete(leader)) pipe?.write(remove(leader))
}

/** The groups that live, for the exit hook. */
export function guardedGroups (): Iterable<number> {
  return guarded.keys()
}

/** Whether somebody else will end the groups once this process is gone. */
export function hasGuard (): boolean {
  return pipe !== undefined
}

function startGuard (): void {
  if (failures >= MAX_FAILURES) return
  const guard = execa(program, args, {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    windowsHide: true,
    env: { PATH: process.env['PATH'] ?? '' },
    extendEnv: false
  })
  const own = pipe = guard.stdin
  // It must not keep us alive; that is the point of it.
  guard.unref()
  ;(own as unknown as { unref?: () => void }).unref?.()
  own.on('error', () => {})
  void guard.then(() => {
    // It died before us: another takes its place.
    if (pipe !== own) return
    pipe = undefined
    failures++
    if (guarded.size > 0) startGuard()
  })
  for (const [leader, server] of guarded) own.write(add(leader, server))
}
