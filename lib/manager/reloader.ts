import type { ConfigEvent } from '../../types/events.ts'
import type { Loaded } from '../config/load.ts'
import { errors } from '../errors.ts'
import type { Manager } from './manager.ts'

/**
 * Makes `reload`: reads a config, whole, and hands it to the manager if it is good. Several at once are applied in the order of
 * their calls, so that the last one stays.
 */
export function createReloader<Source> (manager: Manager, load: (source: Source) => Promise<Loaded>): (source: Source) => Promise<ConfigEvent> {
  let last: Promise<unknown> = Promise.resolve()
  const reload = async (loading: Promise<Loaded>, before: Promise<unknown>): Promise<ConfigEvent> => {
    const [loaded] = await Promise.allSettled([loading, before])
    if (!manager.accepting) throw new errors.Closing()
    if (loaded.status === 'rejected') throw loaded.reason
    const { config, warnings } = loaded.value
    return manager.reconfigure(config, warnings)
  }
  return (source) => {
    // Read at once: an object is copied before its owner can change it again.
    const reloading = reload(load(source), last)
    last = reloading
    return reloading
  }
}
