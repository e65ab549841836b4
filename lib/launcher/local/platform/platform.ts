import { createDarwin } from './darwin.ts'
import { linux } from './linux.ts'
import { createPosix } from './posix.ts'
import { createWindows } from './windows.ts'

export interface ProcessStat {
  readonly pid: number
  /** As `ps` shows it; begins with Z for a zombie. */
  readonly state: string
  readonly group: number
  /** A number in the platform's own unit: tells a recycled pid from the process that had it before, and which of two is older. */
  readonly startTime: string
}

/** A server that must not outlive this process. */
export interface Guarded {
  readonly startTime: string | undefined
  readonly stopArgv: readonly string[] | undefined
  /** When it had just been started, in epoch milliseconds. */
  readonly since: number
}

/** The program that ends the servers once this process is gone. It learns over its stdin which they are. */
export interface GuardProgram {
  readonly command: readonly [program: string, args: readonly string[]]
  /** The lines that it reads. */
  readonly add: (leader: number, server: Guarded) => string
  readonly remove: (leader: number) => string
}

/** What differs between operating systems: how processes are signalled, found and told apart. What a system cannot tell is empty or undefined. */
export interface Platform {
  /**
   * Whether a server leads a process group, which outlives it. Where not, its processes are the tree below it, which is found only
   * while it lives: afterwards its pid may be another's.
   */
  readonly groups: boolean
  /** Asks a server's processes to end (SIGTERM), or ends them (SIGKILL). */
  signalGroup (leader: number, signal: 'SIGTERM' | 'SIGKILL'): void
  /** The same while this process exits, when nothing can be waited for; `guarded` when somebody else will see to the rest. */
  endAtExit (leaders: readonly number[], guarded: boolean): void
  readonly guard: GuardProgram
  /** Makes the kernel end a program when this process is gone. The program is an absolute path. */
  underParentDeath (program: string, args: readonly string[]): [program: string, args: readonly string[]]
  /**
   * The file that a command's first word names.
   *
   * @throws a `ProgramError` that says why it cannot be started
   */
  resolveProgram (word: string, env: NodeJS.ProcessEnv): Promise<string>
  /** When a process started, as far as that is known without asking another program. */
  startTimeOf (pid: number): string | undefined
  /** Every process of the machine. Absent where groups cannot be seen. */
  readonly listProcesses?: () => Promise<ProcessStat[] | undefined>
  /** The environments (`NAME=value`) of processes as they were at their start, as far as they may be read. */
  environmentsOf (pids: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>>
  /** The processes that listen on a TCP port. If the likely one does, the others are not looked for. */
  listenersOf (port: number, likely?: number): Promise<readonly number[]>
  nameOf (pid: number): Promise<string | undefined>
}

/** A zombie holds nothing any more. */
export function isLive ({ state }: ProcessStat): boolean {
  return !/^[ZX]/.test(state)
}

/** The platform of this machine. */
export const thisPlatform: Platform = platformFor(process.platform)

export function platformFor (name: NodeJS.Platform): Platform {
  switch (name) {
    case 'win32': return createWindows()
    case 'darwin': return createDarwin()
    case 'linux': case 'android': return linux
    default: return createPosix(name)
  }
}
