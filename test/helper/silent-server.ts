import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import net from 'node:net'
import type { Test } from 'tap'

/** An HTTP server that by itself never closes a connection, nor says that it would; its origin. */
export async function serve (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer({ keepAliveTimeout: 0 }, listener)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${await listen(server)}`
}

/** A TCP server that accepts and never says a word; the sockets that it has. */
export async function acceptOnly (t: Test): Promise<{ port: number, sockets: Set<net.Socket> }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).resume().once('close', () => sockets.delete(socket))
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: await listen(server), sockets }
}

function listen (server: net.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port))
  })
}

// The kernel drops what does not fit into the backlog of a stopped process. Once continued, it answers all that waits.
const script = 'require("http").createServer((q, r) => r.end("{}"))' +
  '.listen({ port: ${PORT}, host: "127.0.0.1", backlog: 1 }, () => process.kill(process.pid, "SIGSTOP"))'

/** The `cmd` of a server that listens and accepts nothing, until it gets SIGCONT. */
export const stoppedCommand = `'${process.execPath}' -e '${script}'`

/** Connects until no more connections are accepted. */
export async function fillBacklog (t: Test, port: number): Promise<void> {
  for (let full = false; !full;) {
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    full = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false))
      setTimeout(resolve, 500, true)
    })
  }
}
