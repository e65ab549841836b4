import { connect, createServer } from 'node:net'

// Ports given to servers of this process that may not listen yet.
const reserved = new Set<number>()

const MAX_PORT = 65_535

/** A TCP port that nothing listens on: the preferred one if it is free, else one the system picks. Kept from others until released. */
export async function reservePort (preferred?: number): Promise<number> {
  if (preferred !== undefined && preferred <= MAX_PORT && !reserved.has(preferred)) {
    reserved.add(preferred)
    if (await isFree(preferred)) return preferred
    reserved.delete(preferred)
  }
  for (;;) {
    const port = await listenOnce(0)
    if (port !== undefined && !reserved.has(port)) {
      reserved.add(port)
      return port
    }
  }
}

export function releasePort (port: number): void {
  reserved.delete(port)
}

async function isFree (port: number): Promise<boolean> {
  return await listenOnce(port) !== undefined && !await accepts(port)
}

// The port on which listening succeeded.
function listenOnce (port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

/** Whether something accepts connections on a port of this machine. */
export function accepts (port: number, host = 'localhost'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    const settle = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
