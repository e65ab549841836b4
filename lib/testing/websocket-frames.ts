import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'

/** The most that a message may hold. */
const LIMIT = 16 * 1024 * 1024

/** What a client sends: whole messages, control frames, or what breaks RFC 6455, with the close code that tells of it. */
export type Incoming =
  | { kind: 'text' | 'binary' | 'ping' | 'pong' | 'close', data: Buffer }
  | Breach

interface Breach { kind: 'breach', code: number, reason: string }
interface Frame { kind: Kind, final: boolean, data: Buffer, length: number }
type Kind = 'continuation' | Outgoing
type Outgoing = 'text' | 'binary' | 'ping' | 'pong' | 'close'

const kinds: Record<number, Kind> = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }
const opcodes: Record<Outgoing, number> = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

function breach (code: number, reason: string): Breach {
  return { kind: 'breach', code, reason }
}

/** A frame as a server sends it. */
export function encodeFrame (kind: Outgoing, data: Buffer): Buffer {
  const { length } = data
  const header = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10)
  header[0] = 0x80 | opcodes[kind]
  header[1] = length < 126 ? length : length < 0x10000 ? 126 : 127
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([header, data])
}

/** Ends after a breach, or with the stream. The stream is left open. */
export async function * readMessages (stream: Readable): AsyncGenerator<Incoming> {
  let kind: 'text' | 'binary' | undefined
  let parts: Buffer[] = []
  let size = 0
  for await (const frame of readFrames(stream)) {
    if (frame.kind === 'breach') return yield frame
    if (frame.kind === 'close' && frame.data.length === 1) return yield breach(1002, 'half a close code')
    if (frame.kind === 'close' || frame.kind === 'ping' || frame.kind === 'pong') {
      yield { kind: frame.kind, data: frame.data }
      continue
    }
    if ((kind === undefined) === (frame.kind === 'continuation')) return yield breach(1002, kind ? 'a new message within another' : 'a continuation of nothing')
    if (frame.kind !== 'continuation') kind = frame.kind
    size += frame.data.length
    if (size > LIMIT) return yield breach(1009, `more than ${LIMIT} bytes`)
    parts.push(frame.data)
    if (!frame.final) continue
    const message = { kind: kind!, data: Buffer.concat(parts) }
    if (message.kind === 'text' && !isUtf8(message.data)) return yield breach(1007, 'text that is not UTF-8')
    yield message
    kind = undefined
    parts = []
    size = 0
  }
}

async function * readFrames (stream: Readable): AsyncGenerator<Frame | Breach> {
  let chunks: Buffer[] = []
  let size = 0
  let wanted = 2
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    size += chunk.length
    // A large frame is put together once, not with every chunk.
    if (size < wanted) continue
    let rest = Buffer.concat(chunks)
    for (;;) {
      const frame = decode(rest)
      if (typeof frame === 'number') {
        wanted = frame
        break
      }
      yield frame
      if (frame.kind === 'breach') return
      rest = rest.subarray(frame.length)
    }
    chunks = [rest]
    size = rest.length
  }
}

/** The first frame in the buffer; as long as it is not there in full, how many bytes it takes to know more. */
function decode (buffer: Buffer): Frame | Breach | number {
  if (buffer.length < 2) return 2
  const first = buffer[0]!
  const second = buffer[1]!
  const kind = kinds[first & 0x0f]
  const final = (first & 0x80) !== 0
  const short = second & 0x7f
  if (kind === undefined) return breach(1002, `no opcode ${first & 0x0f}`)
  if (first & 0x70) return breach(1002, 'a reserved bit is set')
  if (!(second & 0x80)) return breach(1002, 'a frame without a mask')
  if (first & 0x08 && (short > 125 || !final)) return breach(1002, 'a control frame in parts or of more than 125 bytes')
  const start = short < 126 ? 6 : short === 126 ? 8 : 14
  if (buffer.length < start) return start
  const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
  if (length > LIMIT) return breach(1009, `more than ${LIMIT} bytes`)
  const end = start + length
  if (buffer.length < end) return end
  const data = Buffer.from(buffer.subarray(start, end))
  for (let i = 0; i < length; i++) data[i]! ^= buffer[start - 4 + (i & 3)]!
  return { kind, final, data, length: end }
}
