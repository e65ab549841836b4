import { fileURLToPath } from 'node:url'
import { toFlags } from './options.ts'
import type { UpstreamOptions } from './options.ts'

// Only what every POSIX-style splitter reads alike is escaped: no shell runs the command, so `$` and backticks mean themselves.
function quote (word: string): string {
  return `"${word.replace(/[\\"]/g, '\\$&')}"`
}

function quoteIfNeeded (word: string): string {
  return /^[\w\-./:=,@%+]+$/.test(word) ? word : quote(word)
}

/**
 * A `cmd` for the config that starts the upstream.
 *
 * @example
 * const config = { models: { slow: { cmd: upstreamCommand({ name: 'slow', loadMs: 500 }) } } }
 */
export function upstreamCommand (options: UpstreamOptions = {}): string {
  const program = fileURLToPath(new URL('./upstream.js', import.meta.url))
  const port = options.socket === undefined ? ['--port', String(options.port ?? '${PORT}')] : []
  return [quote(process.execPath), quote(program), ...port, ...toFlags(options).map(quoteIfNeeded)].join(' ')
}
