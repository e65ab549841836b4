import type { ModelState } from '../../types/status.ts'
import type { Progress, Ticket } from '../../types/ticket.ts'
import type { Clock } from '../clock.ts'
import { loadingEvent } from '../protocol/loading-event.ts'
import type { Exchange } from './exchange.ts'
import { openEventStream } from './pump.ts'

// llama-swap's: by these lines, and by what stands between them, programs tell this from the model's own reasoning.
const RULE = '━━━━━'
const TICK = 1000
/** So often a tick says the time instead of a dot. */
const TIME_EVERY = 10
/** Bytes that a client may leave unread before it is told no more. */
const MAX_UNREAD = 16 * 1024

/** The event stream that a client is shown while it waits for its model. Whichever comes first ends it; nothing is written after that. */
export interface Loading {
  /** The wait is over, and the real stream may follow: says so. */
  done (): void
  /** Says nothing. */
  stop (): void
}

/** How much a client is told of what it waits for; discreetly: no names of other models. */
export type Candour = 'openly' | 'discreetly'

/** Tells a client in an event stream how the load goes: queue position, reason, elapsed time, and each second a sign of life. Begins the stream, unless that was done while it waited for another lease. */
export function showLoading ({ reply, protocol, model }: Exchange, ticket: Ticket, clock: Clock, candour: Candour): Loading {
  const { raw } = reply
  const since = clock.now()
  const created = Math.floor(clock.epoch() / 1000)
  let first = !raw.headersSent
  let over = false
  let told = ''
  let ticks = 0

  // The fence: whoever is late (a tick, a change of state) finds it closed.
  const write = (text: string): void => {
    if (over) return
    raw.write(loadingEvent(protocol, { model, created, text, first }))
    first = false
  }
  const elapsed = (): string => `${((clock.now() - since) / 1000).toFixed(2)}s`
  const tell = (sign?: string): void => {
    if (ticket.settled || raw.writableLength > MAX_UNREAD) return
    const text = inWords(ticket.progress(), candour)
    if (text !== told) write(`\n${text} (${elapsed()}) `)
    else if (sign !== undefined) write(sign)
    told = text
  }

  if (first) {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-cache')
    openEventStream(reply.code(200).header('content-type', 'text/event-stream'))
  }
  write(`${RULE}\nllama-swap loading model: ${model}\n`)
  tell()
  const stopTicking = repeat(clock, TICK, () => tell(++ticks % TIME_EVERY === 0 ? ` ${elapsed()} ` : '.'))
  // What has no words of its own is about to be followed by more: a server that is ready is lent, one that is stopped has failed or makes room.
  const unsubscribe = ticket.onProgress(({ state }) => { if (state in STATES) tell() })
  const stop = (): void => {
    over = true
    stopTicking()
    unsubscribe()
  }
  return {
    stop,
    done () {
      write(`\nDone! (${elapsed()})\n${RULE}\n \n`)
      stop()
    }
  }
}

const STATES: Partial<Record<ModelState, string>> = {
  queued: 'The server waits for a place',
  starting: 'The server is starting',
  stopping: 'The server is stopping'
}

function inWords ({ position, state, reason }: Progress, candour: Candour): string {
  return STATES[state] ?? `Queue position: #${position}, ${candour === 'openly' ? reason : 'waits for its turn'}`
}

function repeat (clock: Clock, ms: number, callback: () => void): () => void {
  let cancel = (): void => {}
  const next = (): void => {
    cancel = clock.after(ms, () => {
      next()
      callback()
    })
  }
  next()
  return () => cancel()
}
