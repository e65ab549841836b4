import { execaSync } from 'execa'
import { join } from 'node:path'
import type { Platform } from './platform.ts'
import { run as runProgram } from './run.ts'
import type { Run } from './run.ts'
import { createWindowsGuard } from './windows-guard.ts'
import { resolveWindowsProgram } from './windows-program.ts'

// By path: a name would be looked for in the working directory first.
const SYSTEM32 = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32')
const system = (program: string): string => join(SYSTEM32, `${program}.exe`)

const EXIT_TIMEOUT = 5000

export interface WindowsOptions {
  readonly run?: Run
  /** For when nothing can be waited for. */
  readonly runSync?: (program: string, args: readonly string[]) => void
}

/**
 * Process trees, which `taskkill /t` finds by their parents. Nobody's environment can be read, and so nothing is found that has
 * left its tree. Node puts its direct children into a job object that ends them with it.
 */
export function createWindows ({ run = runSystem, runSync = runSystemSync }: WindowsOptions = {}): Platform {
  const end = (leaders: readonly number[]): string[] => ['/f', '/t', ...leaders.flatMap((pid) => ['/pid', String(pid)])]
  const ask = async (leader: number): Promise<void> => {
    const { code } = await run('taskkill', ['/t', '/pid', String(leader)])
    // A console program has no window to close: taskkill refuses, so that there is nothing to wait for.
    if (code !== 0 && code !== NOT_FOUND) await run('taskkill', end([leader]))
  }
  return {
    groups: false,
    signalGroup (leader, signal) {
      void (signal === 'SIGTERM' ? ask(leader) : run('taskkill', end([leader])))
    },
    // Guarded or not: below a dead leader nothing could be found.
    endAtExit (leaders) {
      if (leaders.length > 0) runSync('taskkill', end(leaders))
    },
    guard: createWindowsGuard({ taskkill: system('taskkill'), powershell: join(SYSTEM32, 'WindowsPowerShell', 'v1.0', 'powershell.exe') }),
    underParentDeath: (program, args) => [program, args],
    resolveProgram: resolveWindowsProgram,
    startTimeOf: () => undefined,
    environmentsOf: async () => new Map(),

    async listenersOf (port) {
      const { stdout } = await run('netstat', ['-ano'])
      return [...new Set(stdout.split('\n').map((line) => listenerOn(port, line)).filter((pid) => pid !== undefined))]
    },

    async nameOf (pid) {
      const { stdout } = await run('tasklist', ['/fi', `PID eq ${pid}`, '/fo', 'csv', '/nh'])
      return /^"([^"]+)","\d+"/m.exec(stdout)?.[1]
    }
  }
}

const NOT_FOUND = 128

const runSystem: Run = (program, args) => runProgram(system(program), args)

function runSystemSync (program: string, args: readonly string[]): void {
  execaSync(system(program), args, { stdio: 'ignore', reject: false, timeout: EXIT_TIMEOUT, windowsHide: true })
}

// `TCP 127.0.0.1:8080 0.0.0.0:0 LISTENING 4242`. The state's word is translated; that there is no remote port is not.
function listenerOn (port: number, line: string): number | undefined {
  const fields = line.trim().split(/\s+/)
  const listens = fields[0] === 'TCP' && fields[1]?.endsWith(`:${port}`) === true && fields[2]?.endsWith(':0') === true
  return listens ? Number(fields.at(-1)) : undefined
}
