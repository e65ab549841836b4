import { execa } from 'execa'

export interface Ran {
  /** Undefined when it could not be run, or took too long. */
  readonly code: number | undefined
  readonly stdout: string
}

/** Runs one of the system's own programs to its end. Never rejects. */
export type Run = (program: string, args: readonly string[]) => Promise<Ran>

const TIMEOUT = 5000

export const run: Run = async (program, args) => {
  const { exitCode, stdout } = await execa(program, args, {
    stdin: 'ignore',
    stderr: 'ignore',
    // What they print shall not depend on where the user lives.
    env: { LC_ALL: 'C', TZ: 'UTC0' },
    reject: false,
    cleanup: false,
    timeout: TIMEOUT,
    windowsHide: true
  })
  return { code: exitCode, stdout }
}
