import { execa } from 'execa'
import type { ChildProcess } from 'node:child_process'

export interface Child {
  readonly pid: number
  readonly process: ChildProcess
  /** Settles at the exit itself, not when inherited pipes close. */
  readonly exit: Promise<{ code?: number, signal?: string }>
}

/**
 * Starts a program as the leader of its own process group; never through a shell, never with our stdin.
 *
 * @throws an Error that says in words why it could not be started
 */
export async function spawnChild (argv: readonly string[], env: NodeJS.ProcessEnv, output: 'pipe' | 'ignore' = 'pipe'): Promise<Child> {
  const [file, ...args] = argv
  const subprocess = execa(file!, args, {
    env, extendEnv: false, stdin: 'ignore', stdout: output, stderr: output, detached: process.platform !== 'win32',
    buffer: false, cleanup: false, reject: false, windowsHide: true, encoding: 'buffer'
  })
  const process_ = subprocess as unknown as ChildProcess
  const exit = new Promise<{ code?: number, signal?: string }>((resolve) => {
    process_.once('exit', (code, signal) => resolve({ ...(code !== null && { code }), ...(signal !== null && { signal }) }))
  })
  if (subprocess.pid === undefined) throw new Error(launchFailure(file!, await subprocess))
  return { pid: subprocess.pid, process: process_, exit }
}

function launchFailure (file: string, { code, originalMessage }: { code?: string | undefined, originalMessage?: string | undefined }): string {
  if (code === 'ENOENT') return `the program ${file} was not found`
  if (code === 'EACCES') return `the program ${file} is not executable`
  return `the program ${file} could not be started: ${originalMessage ?? code ?? 'unknown reason'}`
}
