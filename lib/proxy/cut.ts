import type { Http2ServerResponse } from 'node:http2'
import type { ServerResponse } from 'node:http'

// A client that reads nothing gets this long to take what was written before.
const FLUSH = 1000

/** Ends a connection so that the client can tell that the answer is incomplete: what was written arrives, the end mark does not. On HTTP/2 only the stream ends. */
export function cut (raw: ServerResponse): void {
  const { stream } = raw as unknown as Http2ServerResponse
  if (stream !== undefined) {
    // A reset overtakes data not yet sent.
    setImmediate(() => stream.close(0x2))
    return
  }
  const { socket } = raw
  if (socket === null) {
    raw.destroy()
    return
  }
  socket.destroySoon()
  const timer = setTimeout(() => socket.destroy(), FLUSH)
  socket.once('close', () => clearTimeout(timer))
}
