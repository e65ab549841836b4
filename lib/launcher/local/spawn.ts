import { execa } from 'execa'
import type { ChildProcess } from 'node:child_process'
import { thisPlatform } from './platform/platform.ts'
import type { Platform } from './platform/platform.ts'

export interface Child {
  readonly pid: number
  readonly process: ChildProcess
  /** Where the platform tells it at once. */
  readonly startTime: string | undefined
  /** Settles at the exit itself, not when inherited pipes close. */
  readonly exit: Promise<{ code?: number, signal?: string }>
  /** Whether it has exited. */
  readonly exited: () => boolean
}

/**
 * Starts a program as the leader of its own process group, where there are such; never through a shell, never with our stdin.
 *
 * @throws an Error that says in words why it could not be started
 */
export async function spawnChild ([word, ...args]: readonly string[], env: NodeJS.ProcessEnv, output: 'pipe' | 'ignore' = 'pipe', platform: Platform = thisPlatform): Promise<Child> {
  const [file, words] = platform.underParentDeath(await platform.resolveProgram(word!, env), args)
  const subprocess = execa(file, words, {
    env,
    extendEnv: false,
    stdin: 'ignore',
    stdout: output,
    stderr: output,
    detached: platform.groups,
    buffer: false,
    cleanup: false,
    reject: false,
    windowsHide: true,
    encoding: 'buffer'
  })
  const child = subprocess as unknown as ChildProcess
  let exited = false
  const exit = new Promise<{ code?: number, signal?: string }>((resolve) => {
    child.once('exit', (code, signal) => {
      exited = true
      resolve({ ...(code !== null && { code }), ...(signal !== null && { signal }) })
    })
  })
  if (subprocess.pid === undefined) {
    const { originalMessage, code } = await subprocess
    throw new Error(`the program ${word!} could not be started: ${originalMessage ?? code ?? 'unknown reason'}`)
  }
  return { pid: subprocess.pid, process: child, startTime: platform.startTimeOf(subprocess.pid), exit, exited: () => exited }
}
