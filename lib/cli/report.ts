import { stripVTControlCharacters } from 'node:util'
import { isLlamaSwapError } from '../../index.ts'
import type { StateEvent } from '../../index.ts'
import type { Paint } from './paint.ts'
import type { Terminal } from './terminal.ts'

const STARTING = 'starting ...'
const STOPPING = 'stopping ...'

/** Tells state changes to a terminal, one line for each start and stop: `demo-chat  starting ... ready in 1.0 s`. */
export function stateReporter (terminal: Terminal, paint: Paint, models: readonly string[]): (event: StateEvent) => void {
  let width = Math.max(0, ...models.map(({ length }) => length)) + 2
  return ({ model, from, to, cause, duration, error }) => {
    // A reload may have added longer ones.
    width = Math.max(width, model.length + 2)
    const name = model.padEnd(width)
    const took = formatDuration(duration)
    switch (to) {
      case 'queued':
      case 'starting':
        if (from === 'stopped') terminal.begin(name + STARTING)
        break
      case 'ready':
        terminal.finish(name + STARTING, ` ${paint('green', 'ready')} in ${took}`)
        break
      case 'stopping': {
        const [reason, ...details] = error === undefined ? [] : describe(error)
        if (from !== 'ready') terminal.finish(name + STARTING, reason === undefined ? ` given up after ${took} (${cause})` : ` ${paint('red', 'failed')} after ${took}: ${reason}`)
        else if (reason !== undefined) terminal.line(`${name}${paint('red', 'crashed')} after ${took}: ${reason}`)
        for (const line of details) terminal.line(paint('dim', `    ${line}`))
        terminal.begin(name + STOPPING)
        break
      }
      case 'stopped':
        terminal.finish(name + STOPPING, ` stopped in ${took} (${cause})`)
        break
      case 'stuck':
        terminal.finish(name + STOPPING, ` ${paint('red', 'stuck')} after ${took}: it cannot be killed`)
    }
  }
}

/** `0.1 s`, `59.9 s`, `2 min 5 s`, `3 h 20 min` */
export function formatDuration (ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`
}

// What a server prints may move the cursor.
function describe (error: Error): string[] {
  const text = (isLlamaSwapError(error) ? error.detail : undefined) ?? error.message
  return stripVTControlCharacters(text).split('\n')
}
