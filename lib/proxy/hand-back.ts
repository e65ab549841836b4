import type { IncomingMessage, Server } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'

const OFFERS = ['upgrade', 'http2-settings']

/** Gives a connection back to its server, which has let go of it for an upgrade: the request is read again, without the offer. */
export function handBack (server: Server | object, request: IncomingMessage, socket: Duplex, rest: Buffer): void {
  socket.unshift(Buffer.concat([Buffer.from(headWithoutOffer(request), 'latin1'), rest]))
  ;(server as Server).emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket as never)
  socket.resume()
}

function headWithoutOffer ({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = name.toLowerCase() === 'connection' ? withoutOffers(rawHeaders[i + 1]!) : rawHeaders[i + 1]!
    if (!OFFERS.includes(name.toLowerCase()) && value !== '') head += `${name}: ${value}\r\n`
  }
  return head + '\r\n'
}

function withoutOffers (connection: string): string {
  return connection.split(',').filter((name) => !OFFERS.includes(name.trim().toLowerCase())).join(',').trim()
}
