import type { Clock } from '../../clock.ts'
import { groupGone, signalGroup } from './process-group.ts'
import { spawnChild } from './spawn.ts'
import type { Child } from './spawn.ts'

export interface StopOptions {
  readonly stopArgv: readonly string[] | undefined
  readonly env: NodeJS.ProcessEnv
  /** Milliseconds between the polite request and SIGKILL. */
  readonly grace: number
  readonly clock: Clock
}

// How long SIGKILL may take to work.
const KILL_WAIT = 2000

/** Ends a child and its whole group: `cmdStop` or SIGTERM, the whole grace, SIGKILL, and waits until none is left. */
export async function stopChild (child: Child, { stopArgv, env, grace, clock }: StopOptions): Promise<void> {
  if (!signalGroup(child.pid, 0)) return
  if (grace > 0) {
    const asked = stopArgv === undefined ? terminate(child) : runStopCommand(child, stopArgv, env, grace, clock)
    const [gone] = await Promise.all([groupGone(child.pid, grace, clock), asked])
    if (gone) return
  }
  signalGroup(child.pid, 'SIGKILL')
  await groupGone(child.pid, KILL_WAIT, clock)
}

function terminate (child: Child): void {
  signalGroup(child.pid, 'SIGTERM')
}

// A command that cannot run, or fails, has stopped nothing: SIGTERM takes its place at once.
async function runStopCommand (child: Child, argv: readonly string[], env: NodeJS.ProcessEnv, grace: number, clock: Clock): Promise<void> {
  const bound = argv.map((word) => word.replaceAll('${PID}', String(child.pid)))
  const command = await spawnChild(bound, env, 'ignore').catch(() => undefined)
  if (command === undefined) return terminate(child)
  const cancel = clock.after(grace, () => signalGroup(command.pid, 'SIGKILL'))
  const { code } = await command.exit
  cancel()
  if (code !== 0) terminate(child)
}
