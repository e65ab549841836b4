import type { Readable } from 'node:stream'
import type { Clock } from '../../clock.ts'

const WINDOW = 10
const BYTES = 256 * 1024

/**
 * Reads a stream at 25 MB/s at most: 256 KiB in 10 ms, then a pause until these are over. A server that prints faster waits for its pipe,
 * as it would for a terminal, and the gateway has its time and its memory for requests.
 */
export function brake (stream: Readable, clock: Clock): void {
  let since = -Infinity
  let bytes = 0
  stream.on('data', ({ length }: Buffer) => {
    const now = clock.now()
    if (now - since >= WINDOW) {
      since = now
      bytes = 0
    }
    bytes += length
    if (bytes < BYTES) return
    stream.pause()
    clock.after(since + WINDOW - now, () => stream.resume())
  })
}
