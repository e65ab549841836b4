import type { Handle, Launcher } from '../../../types/launcher.ts'
import type { Clock } from '../../clock.ts'
import { inheritedEnvironment } from './environment.ts'
import { launchLocal } from './local-handle.ts'

export interface LocalLauncherOptions {
  readonly clock: Clock
  /** Names of the variables that servers inherit; `true` for all. */
  readonly inheritEnv: readonly string[] | true
}

/** Starts servers as child processes of this one. */
export function createLocalLauncher ({ clock, inheritEnv }: LocalLauncherOptions): Launcher {
  const handles = new Map<string, Handle>()
  const environment = inheritedEnvironment(process.env, inheritEnv)
  return {
    ensure (spec, key, options) {
      const running = handles.get(key)
      if (running !== undefined) return running
      const handle = launchLocal(spec, key, { ...options, clock, environment })
      handles.set(key, handle)
      void handle.exited.then(() => handles.delete(key))
      return handle
    },
    list: async () => [...handles.values()]
  }
}
