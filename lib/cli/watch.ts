import { isEmptied, isSame, takeSnapshot } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'

/** Between two looks; files have been quiet when two looks see the same. */
const EVERY = 500

/**
 * Calls back when the files of a config have changed since `loaded`, and are quiet again. Looks at them twice a second rather than
 * have the system tell: that works on every file system, network ones included, and follows symbolic links and files that are
 * replaced, for a few microseconds a look. While a file is missing or has lost all that it held, nothing is called: it is about
 * to come back. Returns what ends it.
 */
export function watchFiles (paths: readonly string[], loaded: Snapshot | undefined, onChange: () => Promise<void>, every = EVERY): () => void {
  let before = loaded
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    const now = await takeSnapshot(paths)
    const quiet = isSame(now, before)
    before = now
    if (!ended && quiet && now !== undefined && !isSame(now, loaded) && !isEmptied(now, loaded)) {
      loaded = now
      await onChange()
    }
    schedule()
  }
  const schedule = (): void => { if (!ended) timer = setTimeout(() => { void look() }, every).unref() }
  schedule()
  return () => {
    ended = true
    clearTimeout(timer)
  }
}
