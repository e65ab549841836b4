import { checkByPs, createPosixGuard } from './posix-guard.ts'
import { createPosix } from './posix.ts'
import type { Platform, ProcessStat } from './platform.ts'
import { run as runProgram } from './run.ts'
import type { Run } from './run.ts'

const PS = '/bin/ps'
const LSOF = '/usr/sbin/lsof'

/**
 * What ps and lsof tell; they show other users' processes only in part, and hide the environment of Apple's own programs.
 * Start times are epoch seconds. There is no parent-death signal.
 */
export function createDarwin (run: Run = runProgram): Platform {
  const pidsOf = async (args: readonly string[]): Promise<number[]> => (await run(LSOF, args)).stdout.split('\n').filter((line) => line !== '').map(Number)
  return {
    ...createPosix('darwin'),
    guard: createPosixGuard(checkByPs),

    async listProcesses () {
      const { stdout } = await run(PS, ['-ax', '-o', 'pid=', '-o', 'pgid=', '-o', 'stat=', '-o', 'lstart='])
      const stats = stdout.split('\n').map(parseStat).filter((stat) => stat !== undefined)
      return stats.length === 0 ? undefined : stats
    },

    async environmentsOf (pids) {
      const wanted = new Set(pids)
      const { stdout } = await run(PS, ['-axEww', '-o', 'pid=', '-o', 'command='])
      return new Map(stdout.split('\n').map(parseEnvironment).filter(([pid]) => wanted.has(pid)))
    },

    async listenersOf (port, likely) {
      const listening = ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']
      // One process is looked at much faster than all.
      const first = likely === undefined ? [] : await pidsOf(['-a', '-p', String(likely), ...listening])
      return first.length > 0 ? first : await pidsOf(listening)
    },

    async nameOf (pid) {
      const name = (await run(PS, ['-o', 'ucomm=', '-p', String(pid)])).stdout.trim()
      return name === '' ? undefined : name
    }
  }
}

// `501 501 Ss Tue Nov 24 22:04:11 2026`
function parseStat (line: string): ProcessStat | undefined {
  const [, pid, group, state, started] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*\d)\s*$/.exec(line) ?? []
  const time = Date.parse(`${started} UTC`)
  return Number.isNaN(time) ? undefined : { pid: Number(pid), group: Number(group), state: state!, startTime: String(time / 1000) }
}

// `501 command words NAME=value NAME=value`; values may hold spaces, so each ends where the next name begins.
function parseEnvironment (line: string): [pid: number, pairs: string[]] {
  return [Number.parseInt(line), line.split(/ (?=[A-Za-z_][A-Za-z0-9_]*=)/).slice(1)]
}
