import { once } from 'node:events'
import type { UpstreamOptions } from './options.ts'
import type { Recorder } from './record.ts'

// Whoever reads the pipes may be gone. A death by EPIPE would hide that nobody ended this server.
function output (name: 'stdout' | 'stderr'): NodeJS.WriteStream {
  const stream = process[name]
  stream.on('error', () => {})
  return stream
}

/** Prints one line to stderr, as servers do. */
export function say (text: string): void {
  output('stderr').write(`${text}\n`)
}

/** Writes lines to stdout as fast as they are read, until nobody holds the other end. */
export function flood (): void {
  const stream = output('stdout')
  const lines = `${'flood '.repeat(20)}\n`.repeat(500)
  const more = (): void => {
    stream.write(lines, (error) => { if (!error) setImmediate(more) })
  }
  more()
}

/** Leaves a grandchild in this process group that holds stdout and stderr; returns its pid once it is in place. */
export async function fork (ignoresSigterm: boolean): Promise<number | undefined> {
  const { spawn } = await import('node:child_process')
  // An ignored signal stays ignored over exec. The line on descriptor 3 says that the trap is set.
  const script = `${ignoresSigterm ? 'trap "" TERM; ' : ''}echo >&3; exec 3>&- sleep 120`
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  child.unref()
  await once(child.stdio[3]!, 'data')
  return child.pid
}

/** What SIGTERM does. `stopListening` is called when the server begins to shut down. */
export function obeySigterm (options: UpstreamOptions, record: Recorder, stopListening: () => void): void {
  let lost = 0
  process.on('SIGTERM', () => {
    record('sigterm')
    if (options.ignoreSigterm || lost++ < (options.loseSigterms ?? 0)) return
    if (options.termDelayMs === undefined) process.exit(0)
    stopListening()
    setTimeout(() => process.exit(0), options.termDelayMs)
  })
}
