import { stripVTControlCharacters } from 'node:util'
import type { Paint } from './paint.ts'
import type { Terminal } from './terminal.ts'

interface Entry {
  level: number
  msg?: string
  err?: { message?: string, stack?: string }
}

/** Where Fastify's logger writes in a terminal: `warning: ...` in place of JSON. */
export function terminalLog (terminal: Terminal, paint: Paint): { write (json: string): void } {
  return {
    write (json) {
      const { level, msg, err } = JSON.parse(json) as Entry
      const text = stripVTControlCharacters([msg, err?.message].filter((part, index, parts) => part && part !== parts[index - 1]).join(': '))
      terminal.line(`${label(level, paint)}: ${text}`)
      // An error without a place in the design: where it came from helps whoever reports it.
      if (level >= 50 && err?.stack !== undefined) terminal.line(paint('dim', err.stack.split('\n').slice(1).join('\n')))
    }
  }
}

// pino's numbers.
function label (level: number, paint: Paint): string {
  if (level >= 50) return paint('red', 'error')
  if (level >= 40) return paint('yellow', 'warning')
  return level >= 30 ? 'info' : 'debug'
}
