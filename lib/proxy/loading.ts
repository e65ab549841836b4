import type { ServerResponse } from 'node:http'
import type { Progress, Ticket } from '../../types/ticket.ts'
import type { Clock } from '../clock.ts'
import { loadingEvent } from '../protocol/loading-event.ts'
import type { Exchange } from './exchange.ts'

// llama-swap's, which pages look for to tell this from the model's own reasoning.
const RULE = '━━━━━'
const TICK = 1000

/** The event stream that a client is shown while it waits for its model. */
export interface Loading {
  /** The wait is over: says so, and writes nothing ever after. The real stream may follow. */
  done (): void
  /** Writes nothing ever after. */
  stop (): void
}

/** Begins the answer with an event stream that tells how the load goes: position, reason, elapsed time. */
export function showLoading (exchange: Exchange, ticket: Ticket, clock: Clock): Loading {
  const { reply, protocol, model } = exchange
  const { raw } = reply
  const since = clock.now()
  let over = false
  let told = ''

  reply.header('content-type', 'text/event-stream').header('cache-control', 'no-cache').header('x-accel-buffering', 'no')
  reply.hijack()
  raw.writeHead(200, reply.getHeaders() as NodeJS.Dict<string | string[]>)

  // The fence: whoever is late (a tick, a change of state) finds it closed.
  const write = (text: string): void => {
    if (!over && isWritable(raw)) raw.write(loadingEvent(protocol, model, text))
  }
  const tell = (): void => {
    const text = inWords(ticket.progress())
    if (text !== told) write(`\n${text} (${seconds(clock.now() - since)}) `)
    else write('.')
    told = text
  }
  const stopTicking = repeat(clock, TICK, tell)
  const unsubscribe = ticket.onProgress(({ state }) => { if (state !== 'ready') tell() })
  write(`${RULE}\nllama-swap loading model: ${model}\n`)
  tell()

  const stop = (): void => {
    over = true
    stopTicking()
    unsubscribe()
  }
  return {
    stop,
    done () {
      write(`\nDone! (${seconds(clock.now() - since)})\n${RULE}\n \n`)
      stop()
    }
  }
}

function inWords ({ position, state, reason }: Progress): string {
  const line = position > 1 ? `, queue position: #${position}` : ''
  return (state === 'starting' ? 'the server is starting' : reason) + line
}

function seconds (ms: number): string { return `${(ms / 1000).toFixed(2)}s` }

// A client that reads nothing must not fill our memory.
function isWritable (raw: ServerResponse): boolean { return !raw.destroyed && !raw.writableNeedDrain }

function repeat (clock: Clock, ms: number, callback: () => void): () => void {
  let cancel = (): void => {}
  const next = (): void => {
    cancel = clock.after(ms, () => {
      callback()
      next()
    })
  }
  next()
  return () => cancel()
}
