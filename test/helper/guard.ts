import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import type { GuardProgram } from '../../lib/launcher/local/platform/platform.ts'

/** Runs a platform's guard program. `close` lets it do its work, and resolves when it is over. */
export function startGuard (t: Test, { command: [program, args] }: GuardProgram, PATH = process.env['PATH']): { write (line: string): void, close (): Promise<void> } {
  const guard = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env: { PATH }, detached: true })
  const exit = once(guard, 'exit')
  t.teardown(() => guard.kill('SIGKILL'))
  return {
    write: (line) => { guard.stdin.write(line) },
    close: async () => {
      guard.stdin.end()
      await exit
    }
  }
}
