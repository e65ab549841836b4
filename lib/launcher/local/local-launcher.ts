import type { Handle, Launcher } from '../../../types/launcher.ts'
import type { Clock } from '../../clock.ts'
import { inheritedEnvironment } from './environment.ts'
import { installExitHook } from './exit-hook.ts'
import { launchLocal } from './local-handle.ts'
import { ownOwner } from './mark.ts'
import { sweepLeftovers } from './sweep.ts'
import type { Leftovers } from './sweep.ts'

export interface LocalLauncherOptions {
  readonly clock: Clock
  /** Names of the variables that servers inherit; `true` for all. */
  readonly inheritEnv: readonly string[] | true
  /** Tells this gateway's servers from those of others on the machine, also over restarts. */
  readonly instance: string
  /** What an earlier life has left behind, once it is ended. */
  readonly onLeftovers: (leftovers: Leftovers) => void
  /** What may go wrong with a server, in words. */
  readonly onWarning: (key: string, message: string) => void
}

/** Starts servers as child processes of this one. */
export function createLocalLauncher ({ clock, inheritEnv, instance, onLeftovers, onWarning }: LocalLauncherOptions): Launcher {
  const handles = new Map<string, Handle>()
  const environment = inheritedEnvironment(process.env, inheritEnv)
  const owner = ownOwner(instance)
  installExitHook()
  // A leftover may hold the memory and the port that the first server needs.
  const ready = sweepLeftovers(owner, clock).then(onLeftovers)
  return {
    ensure (spec, key, options) {
      const running = handles.get(key)
      if (running !== undefined && running.state !== 'stopping' && running.state !== 'exited') return running
      const handle = launchLocal(spec, key, { ...options, clock, environment, owner, ready, onWarning: (message) => onWarning(key, message) })
      handles.set(key, handle)
      void handle.exited.then(() => { if (handles.get(key) === handle) handles.delete(key) })
      return handle
    },
    list: async () => [...handles.values()]
  }
}
