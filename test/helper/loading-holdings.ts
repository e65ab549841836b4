import type { VirtualGateway } from './virtual-gateway.ts'

/** Counts what a loading stream holds: its timer, and its place among those who are told of changes. */
export function holdings ({ clock, manager }: VirtualGateway): { timers: number, listeners: number } {
  const held = { timers: 0, listeners: 0 }
  const once = (undo: () => void): () => void => {
    let done = false
    return () => {
      if (!done) undo()
      done = true
    }
  }
  const after = clock.after.bind(clock)
  clock.after = (ms, fn) => {
    if (ms !== 1000) return after(ms, fn)
    held.timers++
    const gone = once(() => { held.timers-- })
    const cancel = after(ms, () => {
      gone()
      fn()
    })
    return () => {
      gone()
      cancel()
    }
  }
  const request = manager.request.bind(manager)
  manager.request = (...values) => {
    const ticket = request(...values)
    const onProgress = ticket.onProgress.bind(ticket)
    ticket.onProgress = (listener) => {
      held.listeners++
      const gone = once(() => { held.listeners-- })
      const leave = onProgress(listener)
      return () => {
        gone()
        leave()
      }
    }
    return ticket
  }
  return held
}
