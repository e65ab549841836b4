// A WebSocket by hand, for tests of single frames and of what a refused handshake is answered. For messages undici's WebSocket is the better client.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface RawFrame { opcode: number, final: boolean, masked: boolean, data: Buffer }

export interface RawWebSocket {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly socket: Socket
  /** Sends one frame; by default a whole text or binary message with a mask. */
  send (data: string | Buffer, frame?: { opcode?: number, final?: boolean, masked?: boolean }): void
  /** The next frame; rejects when there is none before the end. */
  next (): Promise<RawFrame>
  /** How the connection ended (`FIN`, or the code of the error), and what was left unread: the body of an answer that is no upgrade. */
  end (): Promise<{ by: string, rest: string }>
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

export interface Handshake {
  method?: string
  /** Bytes right behind it. */
  behind?: Buffer
  /** Whom to trust besides, for `wss:`. */
  ca?: string
}

/** Connects and sends a handshake. A header that is `undefined` is left out. */
export async function connectWebSocket (url: string, headers: Record<string, string | undefined> = {}, { method = 'GET', behind = Buffer.alloc(0), ca }: Handshake = {}): Promise<RawWebSocket> {
  const { protocol, hostname, port, pathname, search, host } = new URL(url)
  const to = { port: Number(port), host: hostname.replace(/[[\]]/g, '') }
  const socket = protocol === 'wss:' ? connectTls({ ...to, ...(ca !== undefined && { ca }) }) : connect(to)
  let buffer: Buffer = Buffer.alloc(0)
  let end: string | undefined
  let wake = (): void => {}
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data])
    wake()
  })
  socket.on('end', () => { end ??= 'FIN' })
  socket.on('error', (error: NodeJS.ErrnoException) => { end ??= error.code! })
  const closed = once(socket, 'close').catch(() => {}).then(() => wake())

  async function take<T> (read: () => T | undefined): Promise<T> {
    for (;;) {
      const found = read()
      if (found !== undefined) return found
      if (socket.closed) throw new Error(`the connection ended: ${end}`)
      await new Promise<void>((resolve) => { wake = resolve })
    }
  }

  function cut (length: number): Buffer {
    const part = buffer.subarray(0, length)
    buffer = buffer.subarray(length)
    return part
  }

  const lines = { host, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64'), ...headers }
  const text = Object.entries(lines).flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${value}\r\n`]).join('')
  socket.write(Buffer.concat([Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\n${text}\r\n`), behind]))
  const head = await take(() => {
    const length = buffer.indexOf('\r\n\r\n')
    return length === -1 ? undefined : cut(length + 4).toString('latin1')
  })
  const [first, ...rest] = head.trimEnd().split('\r\n')
  return {
    status: Number(first!.split(' ')[1]),
    headers: Object.fromEntries(rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])),
    socket,
    send: (data, frame) => { socket.write(encode(data, frame)) },
    next: () => take(() => {
      const found = decode(buffer)
      if (found === undefined) return
      cut(found.length)
      return found.frame
    }),
    end: async () => {
      await closed
      return { by: end ?? 'cut', rest: buffer.toString() }
    }
  }
}

/** A frame as a client sends it. */
export function encode (data: string | Buffer, { opcode, final = true, masked = true }: { opcode?: number, final?: boolean, masked?: boolean } = {}): Buffer {
  const payload = Buffer.from(data)
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10)
  header[0] = (final ? 0x80 : 0) | (opcode ?? (typeof data === 'string' ? opcodes.text : opcodes.binary))
  header[1] = (masked ? 0x80 : 0) | (length < 126 ? length : length < 0x10000 ? 126 : 127)
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  if (!masked) return Buffer.concat([header, payload])
  const mask = randomBytes(4)
  return Buffer.concat([header, mask, payload.map((byte, i) => byte ^ mask[i % 4]!)])
}

// As a server should send them: without a mask.
function decode (buffer: Buffer): { frame: RawFrame, length: number } | undefined {
  if (buffer.length < 2) return
  const short = buffer[1]! & 0x7f
  const start = short < 126 ? 2 : short === 126 ? 4 : 10
  if (buffer.length < start) return
  const size = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
  if (buffer.length < start + size) return
  const data = Buffer.from(buffer.subarray(start, start + size))
  return { frame: { opcode: buffer[0]! & 0x7f, final: buffer[0]! >= 0x80, masked: buffer[1]! >= 0x80, data }, length: start + size }
}
