import type { Clock } from '../../clock.ts'
import { findStrays } from './mark.ts'
import { thisPlatform } from './platform/platform.ts'
import type { Platform } from './platform/platform.ts'
import { accepts } from './port.ts'
import { allGone, signalGroup, signalProcess } from './process-group.ts'
import { spawnChild } from './spawn.ts'
import type { Child } from './spawn.ts'

export interface StopOptions {
  readonly stopArgv: readonly string[] | undefined
  readonly env: NodeJS.ProcessEnv
  /** Milliseconds between the polite request and SIGKILL. */
  readonly grace: number
  readonly clock: Clock
  /** The run's mark: finds processes that have left the group. */
  readonly run: string
  /** The port of this machine on which the server listens, when it is known. */
  readonly port: number | undefined
}

/**
 * Ends a child, its whole group, and what has left the group: `cmdStop` or SIGTERM, the whole grace, SIGKILL. Resolves when
 * none is left, which for a process stuck within the kernel may be never.
 */
export async function stopChild (child: Child, options: StopOptions, platform: Platform = thisPlatform): Promise<void> {
  const { grace, clock, run } = options
  const strays = new Set<number>()
  const find = async (): Promise<void> => {
    for (const { pid } of await findStrays(run, child.pid, child.startTime, platform)) strays.add(pid)
  }
  // Few servers have any; looking for them costs nothing while the server ends.
  const found = find()
  if (grace > 0) {
    const end = clock.now() + grace
    const asked = options.stopArgv === undefined ? terminate(child, options, platform) : runStopCommand(child, options.stopArgv, options, platform)
    await Promise.all([exitWithin(child, grace, clock), asked, found.then(() => signalAll(strays, 'SIGTERM'))])
    if (child.exited() && await allGone(child, strays, Math.max(0, end - clock.now()), clock, platform)) return
  }
  signalGroup(child, 'SIGKILL', platform)
  await found
  // What was started at the last moment.
  if (strays.size > 0) await find()
  signalAll(strays, 'SIGKILL')
  await allGone(child, strays, Infinity, clock, platform)
}

function exitWithin (child: Child, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve)
    void child.exit.then(() => {
      cancel()
      resolve()
    })
  })
}

function signalAll (pids: ReadonlySet<number>, signal: NodeJS.Signals): void {
  for (const pid of pids) signalProcess(pid, signal)
}

// A SIGTERM in a server's first milliseconds can be lost (seen on llama-server: it goes on accepting), so it is sent again
// half-way; but only then: a second one makes a server that is shutting down exit at once.
function terminate (child: Child, { grace, clock, port }: StopOptions, platform: Platform): void {
  signalGroup(child, 'SIGTERM', platform)
  if (port === undefined) return
  const cancel = clock.after(grace / 2, () => {
    void accepts(port).then((accepting) => { if (accepting && !child.exited()) signalGroup(child, 'SIGTERM', platform) })
  })
  void child.exit.then(cancel)
}

// A command that cannot run, or fails, has stopped nothing: SIGTERM takes its place at once.
async function runStopCommand (child: Child, argv: readonly string[], options: StopOptions, platform: Platform): Promise<void> {
  const { env, grace, clock } = options
  const bound = argv.map((word) => word.replaceAll('${PID}', String(child.pid)))
  const command = await spawnChild(bound, env, 'ignore', platform).catch(() => undefined)
  if (command === undefined) return terminate(child, options, platform)
  const cancel = clock.after(grace, () => signalGroup(command, 'SIGKILL', platform))
  const { code } = await command.exit
  cancel()
  if (code !== 0) terminate(child, options, platform)
}
