import type { ModelState } from '../../types/status.ts'

export type Transition =
  | 'ensureReady' | 'placed' | 'ready' | 'exit' | 'deadline' | 'launchError' | 'stop' | 'unkillable' | 'gone' | 'shutdown'

/** All that may happen in each state, and what follows. What is not here is a programming error. */
export const transitions: Readonly<Record<ModelState, Readonly<Partial<Record<Transition, ModelState>>>>> = Object.freeze({
  stopped: { ensureReady: 'starting', shutdown: 'shutdown' },
  queued: { placed: 'starting', exit: 'stopping', deadline: 'stopping', launchError: 'stopping', stop: 'stopping' },
  starting: { ready: 'ready', exit: 'stopping', deadline: 'stopping', launchError: 'stopping', stop: 'stopping' },
  ready: { stop: 'stopping', exit: 'stopping' },
  stopping: { gone: 'stopped', unkillable: 'stuck' },
  stuck: { gone: 'stopped' },
  shutdown: {}
})

/** The state after an event. */
export function transition (from: ModelState, event: Transition): ModelState {
  const to = transitions[from][event]
  if (to === undefined) throw new Error(`illegal transition: ${event} while ${from}`)
  return to
}
