import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import type { Server } from 'node:net'
import type { UpstreamOptions } from './options.ts'

/** Listens where the options say. The file of a socket is removed when the process exits (a SIGKILL leaves it). */
export async function listen (server: Server, { port = 0, host = '127.0.0.1', socket }: UpstreamOptions): Promise<void> {
  if (socket === undefined) {
    server.listen(port, host)
  } else {
    if (await isStale(socket)) rmSync(socket, { force: true })
    // Once it has stopped listening the file is gone, and what is there by then is another server's.
    process.on('exit', () => { if (server.listening) rmSync(socket, { force: true }) })
    server.listen(socket)
  }
  await once(server, 'listening')
}

// A socket that nobody listens on any more. Anything else is left for `listen` to fail at.
async function isStale (path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false
  const probe = connect(path)
  try {
    await once(probe, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    probe.destroy()
  }
}
