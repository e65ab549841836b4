import type { Readable } from 'node:stream'
import { errors } from '../errors.ts'
import { errorEvent, rawErrorEvent } from '../protocol/error-body.ts'
import { cut } from './cut.ts'
import type { Exchange } from './exchange.ts'
import { pump } from './pump.ts'

const MAX_HELD = 1024 * 1024

/** The server's answer, where the client has been told 200 and an event stream already. */
export interface LateAnswer {
  readonly status: number
  readonly isEventStream: boolean
  readonly stream: Readable
}

/** Goes on with the stream that a loading prologue has begun. What is no event stream becomes an event: an error in band, or the whole answer as one. */
export function continueStream (exchange: Exchange, { status, isEventStream, stream }: LateAnswer): void {
  const { reply: { raw }, model, protocol } = exchange
  const onBroken = (): void => exchange.fail(new errors.UpstreamTruncated(model))
  if (isEventStream && status < 300) {
    const { truncate } = pump(stream, raw, protocol, true, onBroken)
    exchange.truncateBy(truncate)
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_HELD) chunks.push(chunk)
    else stream.destroy(new Error('too large for one event'))
  })
  stream.once('error', onBroken)
  stream.once('end', () => {
    if (exchange.ended) return
    const text = jsonText(Buffer.concat(chunks))
    if (status < 300 && text !== undefined) {
      raw.end(`data: ${text}\n\n`)
      return
    }
    exchange.outcome = 'failed'
    raw.write(text === undefined ? errorEvent(new errors.UpstreamRefused(model, status), protocol) : rawErrorEvent(text, protocol))
    cut(raw)
  })
}

// On one line, as an event wants it.
function jsonText (bytes: Buffer): string | undefined {
  try {
    return JSON.stringify(JSON.parse(bytes.toString()))
  } catch {
    return undefined
  }
}
