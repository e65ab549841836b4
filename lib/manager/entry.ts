import type { Cause } from '../../types/events.ts'
import type { Launcher, OutputLine } from '../../types/launcher.ts'
import type { ModelState } from '../../types/status.ts'
import type { Clock } from '../clock.ts'
import type { ModelConfig } from '../config/config.ts'
import type { Bus } from '../events.ts'
import { Model } from '../model/model.ts'
import type { OutputRing } from '../model/output.ts'
import type { Subject } from '../scheduler/messages.ts'

/** One model in one of its generations, as the manager keeps it: its life, and what the scheduler has asked of it. */
export interface Entry {
  readonly subject: Subject
  readonly model: Model
  /** Epoch milliseconds of the last change of state. */
  since: number
  /** The start under way; replaced or dropped when it is no longer wanted. */
  start: object | undefined
}

export interface EntryOptions {
  readonly launcher: Launcher
  readonly clock: Clock
  readonly bus: Bus
  readonly onState: () => void
  /** Its server died while ready. */
  readonly onCrash: (entry: Entry) => void
  /** Its server is gone, or cannot be killed. */
  readonly onEnded: (entry: Entry) => void
}

/** Brings a model to life; `output` holds what its servers have printed so far. */
export function createEntry (config: ModelConfig, generation: number, output: OutputRing<OutputLine> | undefined, { launcher, clock, bus, onState, onCrash, onEnded }: EntryOptions): Entry {
  const { id } = config
  let stateAt = clock.now()
  const emit = ({ from, to, cause, error }: { from: ModelState, to: ModelState, cause: Cause, error?: Error }): void => {
    const now = clock.now()
    const duration = now - stateAt
    stateAt = now
    entry.since = clock.epoch()
    bus.emit('state', { model: id, from, to, cause, time: entry.since, duration, ...(error !== undefined && { error }) })
    onState()
  }
  const entry: Entry = {
    subject: { model: id, generation },
    model: new Model({
      config,
      output,
      launcher,
      clock,
      onState: emit,
      onLine: ({ stream, time, line }) => bus.emit('log', { model: id, stream, time, line }),
      onCrash: (ended) => {
        onCrash(entry)
        void ended.then(() => onEnded(entry))
      },
      onUnstuck: () => onEnded(entry)
    }),
    since: clock.epoch(),
    start: undefined
  }
  return entry
}
