import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { errors } from '../errors.ts'
import { wordsOf } from '../protocol/error-body.ts'
import type { Exchange } from './exchange.ts'
import { pump } from './pump.ts'

/** What is read of an answer that is no event stream, for the words of its error. */
const MAX_READ = 64 * 1024

/** The server's answer, where the client has been told 200 and an event stream already. */
export interface LateAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly stream: Readable
}

/** Goes on with the event stream that a loading prologue has begun. What is no event stream ends it with an error, in the server's own words if it has some. */
export function continueStream (exchange: Exchange, { status, headers, stream }: LateAnswer): void {
  const { reply, model, protocol } = exchange
  const { 'content-type': type, 'content-encoding': coding = 'identity' } = headers
  const succeeded = status >= 200 && status < 300
  if (succeeded && coding === 'identity' && isEventStream(type)) {
    exchange.truncateBy(pump(stream, reply.raw, protocol, true, () => exchange.fail(new errors.UpstreamTruncated(model))).truncate)
    return
  }
  const fail = (words?: string): void => {
    const what = coding === 'identity' ? type?.split(';', 1)[0]!.slice(0, 80) ?? 'no type' : `${coding.slice(0, 80)} data`
    exchange.fail(succeeded ? new errors.UpstreamNoStream(model, what) : new errors.UpstreamRefused(model, status), words)
  }
  stream.on('error', () => fail())
  if (succeeded || coding !== 'identity') return fail()
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_READ) fail()
  })
  stream.once('end', () => fail(wordsOf(Buffer.concat(chunks).toString())))
}

/** Whether a Content-Type is that of an event stream. */
export function isEventStream (type: unknown): boolean {
  return typeof type === 'string' && /^text\/event-stream\s*(;|$)/i.test(type)
}
