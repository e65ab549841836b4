import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** An answer as it came, byte for byte: nothing followed, joined or decoded. */
export interface RawAnswer {
  /** 0 if the connection was closed without one. */
  readonly status: number
  /** The values of a header, one for each time that it was sent. */
  header (name: string): string[]
  readonly body: string
  readonly text: string
}

interface Where {
  readonly host?: string
  /** The certificate to trust, for TLS. */
  readonly ca?: string
}

/** Opens a connection; errors of it are the end of the answer. */
export function open (port: number, { host = '127.0.0.1', ca }: Where = {}): Socket {
  const socket = ca === undefined ? connect(port, host) : connectTls({ port, host, ca, servername: 'localhost' })
  return socket.on('error', () => {})
}

/** Reads until the connection ends. */
export function read (socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => { text += chunk })
    socket.once('close', () => resolve(parse(text)))
  })
}

/** Sends exactly this, and reads until the connection ends. */
export function send (port: number, text: string, where: Where = {}): Promise<RawAnswer> {
  const socket = open(port, where)
  socket.write(text)
  return read(socket)
}

/** Sends a request of these headers (`Host: localhost` unless they have one), and reads its answer, after which the connection ends. */
export function ask (port: number, line: string, headers: Record<string, string> = {}, body = '', where: Where = {}): Promise<RawAnswer> {
  const all = { Host: 'localhost', Connection: 'close', ...(body !== '' && { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return send(port, `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`, where)
}

function parse (text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
  return {
    status: Number(first.split(' ')[1] ?? 0),
    header: (name) => pairs.filter(([candidate]) => candidate === name).map(([, value]) => value),
    body: end === -1 ? '' : text.slice(end + 4),
    text
  }
}
