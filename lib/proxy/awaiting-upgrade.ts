import type { IncomingMessage } from 'node:http'

// A client is to wait for the answer to its handshake; what some send before it is a message or two.
const LIMIT = 64 * 1024
const NONE = Buffer.alloc(0)

const heads = new WeakMap<IncomingMessage, Buffer>()
const waits = new WeakMap<IncomingMessage, () => Buffer>()

/** Remembers what came right behind a handshake. */
export function keepHead (request: IncomingMessage, head: Buffer): void { heads.set(request, head) }

/** Reads on while a client waits for its WebSocket: else nobody would notice that it leaves. */
export function awaitUpgrade (request: IncomingMessage): void {
  const { socket } = request
  const early: Buffer[] = []
  let size = 0
  const onData = (bytes: Buffer): void => {
    early.push(bytes)
    size += bytes.length
    if (size > LIMIT) socket.destroy()
  }
  const onEnd = (): void => { socket.destroy() }
  socket.on('data', onData).once('end', onEnd)
  waits.set(request, () => {
    socket.off('data', onData).off('end', onEnd).pause()
    return Buffer.concat([heads.get(request) ?? NONE, ...early])
  })
}

/** Whether the answer to a request may be a WebSocket. */
export function awaitsUpgrade (request: IncomingMessage): boolean { return waits.has(request) }

/** Ends the wait, and gives what the client has sent meanwhile. */
export function endWait (request: IncomingMessage): Buffer { return waits.get(request)!() }
