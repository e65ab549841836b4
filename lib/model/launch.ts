import { setMaxListeners } from 'node:events'
import type { Launcher, OutputLine } from '../../types/launcher.ts'
import type { ModelConfig } from '../config/config.ts'
import { maskOf } from '../config/mask.ts'
import type { Run } from './run.ts'

/** Has a server launched. What it prints is told line by line, without secrets: servers print what they were started with. */
export function launch (launcher: Launcher, config: ModelConfig, aborted: AbortSignal, onLine: (line: OutputLine) => void): Run {
  const handle = launcher.ensure(config.launch, config.id, { signal: aborted })
  const run: Run = { handle, lifetime: new AbortController(), formerPools: [] }
  // Every request under way listens.
  setMaxListeners(0, run.lifetime.signal)
  const mask = maskOf(config)
  handle.output((printed) => {
    const line = mask(printed.line)
    onLine(line === printed.line ? printed : { ...printed, line })
  })
  return run
}
