import type { Platform } from './platform.ts'
import { createPosixGuard } from './posix-guard.ts'
import { resolvePosixProgram } from './posix-program.ts'
import { sendSignal } from './send-signal.ts'

/** What every POSIX system has: process groups and a shell. It cannot tell more of a process than whether it exists. */
export function createPosix (name: NodeJS.Platform): Platform {
  return {
    groups: true,
    signalGroup: (leader, signal) => { sendSignal(-leader, signal) },
    endAtExit (leaders, guarded) {
      for (const leader of leaders) sendSignal(-leader, guarded ? 'SIGTERM' : 'SIGKILL')
    },
    guard: createPosixGuard(),
    underParentDeath: (program, args) => [program, args],
    resolveProgram: (word, env) => resolvePosixProgram(word, env, name),
    startTimeOf: () => undefined,
    environmentsOf: async () => new Map(),
    listenersOf: async () => [],
    nameOf: async () => undefined
  }
}
