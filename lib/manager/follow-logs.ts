import type { LogEvent, LogLine } from '../../types/events.ts'
import type { Bus } from '../events.ts'
import { OutputRing } from '../model/output.ts'

export interface FollowOptions {
  /** One model's lines only. */
  readonly model: string | undefined
  /** What to begin with, oldest first. */
  readonly history: Iterable<LogEvent>
  /** Ends it. */
  readonly signal: AbortSignal
}

/**
 * Lines as they come, for a reader of any speed: up to 100 KiB wait for it, what is older by then is dropped, and the next line
 * tells how many it missed. Listens from the call on, until the reader leaves or the signal aborts.
 */
export function followLogs (bus: Bus, { model, history, signal }: FollowOptions): AsyncIterableIterator<LogLine> {
  const waiting = new OutputRing<LogEvent>()
  let missed = 0
  let ended = false
  let wake = (): void => {}
  const take = (event: LogEvent): void => {
    missed += waiting.push(event)
    wake()
  }
  for (const line of history) take(line)
  const unsubscribe = bus.on('log', (event) => { if (model === undefined || event.model === model) take(event) })
  const end = (): void => {
    unsubscribe()
    signal.removeEventListener('abort', end)
    ended = true
    wake()
  }
  if (signal.aborted) end()
  else signal.addEventListener('abort', end)

  const next = async (): Promise<IteratorResult<LogLine, undefined>> => {
    for (;;) {
      const line = waiting.shift()
      if (line !== undefined) {
        const value = missed === 0 ? line : { ...line, missed }
        missed = 0
        return { value, done: false }
      }
      if (ended) return { value: undefined, done: true }
      await new Promise<void>((resolve) => { wake = resolve })
    }
  }
  // Readers that ask ahead are served in their order.
  let last: Promise<unknown> = Promise.resolve()
  return {
    next: () => {
      const result = last.then(next)
      last = result
      return result
    },
    async return () {
      end()
      while (waiting.shift() !== undefined);
      return { value: undefined, done: true }
    },
    [Symbol.asyncIterator] () { return this }
  }
}
