import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { cutOff } from './death.ts'
import type { Death } from './death.ts'
import { encodeFrame, readMessages } from './websocket-frames.ts'

/** Why a request is not upgraded. */
export interface Refusal { status: number, message: string, headers?: Record<string, string> }

/** What is wrong with a request to upgrade, if anything. */
export function handshakeProblem ({ method, headers }: IncomingMessage): Refusal | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, message: `The upstream upgrades to websocket only, not to ${headers.upgrade}` }
  if (headers['sec-websocket-version'] !== '13') return { status: 426, message: 'Sec-WebSocket-Version should be 13', headers: { 'sec-websocket-version': '13' } }
  if (method !== 'GET' || !/^[\w+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')) return { status: 400, message: 'A WebSocket begins with a GET and a Sec-WebSocket-Key of 16 bytes' }
}

/** The answer that opens a WebSocket; of the subprotocols offered the first is taken. */
export function handshakeAnswer ({ headers }: IncomingMessage, more: Record<string, string>): string {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const protocol = headers['sec-websocket-protocol']?.split(',', 1)[0]!.trim()
  const lines = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept, ...(protocol && { 'Sec-WebSocket-Protocol': protocol }), ...more }
  return `HTTP/1.1 101 Switching Protocols\r\n${Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** Greets, then sends back what comes; `headers` is answered with those of the request. With `death` the first message is the last. Ends with the connection. */
export async function converse (socket: Socket, { headers }: IncomingMessage, name: string, death: Death | null): Promise<void> {
  const send = (kind: Parameters<typeof encodeFrame>[0], data: Buffer): Promise<void> =>
    new Promise((resolve) => { socket.write(encodeFrame(kind, data), () => resolve()) })
  await send('text', Buffer.from(`hello from ${name}`))
  for await (const message of readMessages(socket)) {
    if (message.kind === 'text' || message.kind === 'binary') {
      const asked = message.kind === 'text' && message.data.equals(Buffer.from('headers'))
      await send(message.kind, asked ? Buffer.from(JSON.stringify(headers)) : message.data)
      if (death !== null) return cutOff(socket, death)
    } else if (message.kind === 'ping') {
      await send('pong', message.data)
    } else if (message.kind === 'close') {
      await send('close', message.data)
      break
    } else if (message.kind === 'breach') {
      await send('close', closeData(message.code, message.reason))
      break
    }
  }
  socket.end()
  // Whatever still comes is not wanted, but its end is.
  socket.resume()
}

function closeData (code: number, reason: string): Buffer {
  const data = Buffer.alloc(2 + Buffer.byteLength(reason))
  data.writeUInt16BE(code)
  data.write(reason, 2)
  return data
}
