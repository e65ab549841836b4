import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Json } from './answers.ts'
import { plainBody } from './body.ts'
import { cutOff } from './death.ts'
import { eventText, hasEventLines, streamed } from './events.ts'
import type { Exchange } from './exchange.ts'
import type { Fault } from './faults.ts'
import { gzipCoding, identity } from './gzip.ts'
import { mark } from './mark.ts'
import { canStream, shapeOf } from './shapes.ts'
import type { Task } from './task.ts'

/** Answers one piece of work with the fault it asks for. Throws an AbortError when the client leaves. */
export async function reply (exchange: Exchange, name: string, fault: Fault, body: Buffer, json: Json = {}): Promise<void> {
  const { res, path, gone } = exchange
  const task: Task = { exchange, name, shape: shapeOf(path), fault, body, json }
  if (fault.informational !== undefined) inform(res, fault.informational)
  if (fault.delayMs) await setTimeout(fault.delayMs, undefined, { signal: gone })
  if (fault.dieBeforeHeaders) return die(task)
  return json['stream'] === true && fault.status === undefined && canStream(task.shape, path) ? sendStream(task) : sendPlain(task)
}

function inform (res: ServerResponse, status: NonNullable<Fault['informational']>): void {
  if (status === 100) res.writeContinue()
  else if (status === 102) res.writeProcessing()
  else res.writeEarlyHints({ link: '</early>; rel=preload' })
}

// llama-server sends the header with every answer, though it be empty.
function cors ({ exchange: { req }, fault }: Task): Record<string, string> {
  if (fault.cors === undefined) return {}
  return { 'access-control-allow-origin': fault.cors === 'echo' ? req.headers.origin ?? '' : '' }
}

async function sendHeaders (task: Task, headers: Record<string, string | number>): Promise<void> {
  const { exchange: { res, gone }, fault } = task
  const encoding = fault.gzip ? { 'content-encoding': 'gzip' } : {}
  for (const [name, value] of Object.entries({ ...headers, ...encoding, ...cors(task), ...fault.headers })) res.setHeader(name, value)
  if (!fault.firstChunkDelayMs) return
  res.flushHeaders()
  await setTimeout(fault.firstChunkDelayMs, undefined, { signal: gone })
}

async function write ({ res, gone }: Exchange, data: string | Buffer): Promise<void> {
  gone.throwIfAborted()
  if (!res.write(data)) await once(res, 'drain', { signal: gone })
}

async function die ({ exchange, fault }: Task): Promise<void> {
  const { res, gone } = exchange
  // What was written is held back until the end of the tick; it must reach the kernel first.
  await setImmediate()
  gone.throwIfAborted()
  exchange.died = true
  cutOff(res.socket!, fault.die ?? 'fin')
}

async function sendStream (task: Task): Promise<void> {
  const { exchange, name, shape, fault, json } = task
  const { res, gone } = exchange
  const coding = fault.gzip ? gzipCoding(gone) : identity
  await sendHeaders(task, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  res.flushHeaders()
  let index = 0
  for (const event of streamed(shape, name, json, fault)) {
    if (index > 0) await (fault.chunkMs === 0 ? setImmediate() : setTimeout(fault.chunkMs ?? 5, undefined, { signal: gone }))
    const text = eventText(shape, event, { ...mark(name), index })
    if (fault.die && index === (fault.dieAfterChunks ?? 0)) {
      if (fault.dieMidEvent) await write(exchange, await coding.add(text.slice(0, text.length / 2)))
      return die(task)
    }
    await write(exchange, await coding.add(text))
    index++
  }
  if (fault.die) return die(task)
  res.end(await coding.end(hasEventLines(shape) ? '' : 'data: [DONE]\n\n'))
}

async function sendPlain (task: Task): Promise<void> {
  const { exchange, fault } = task
  const { res } = exchange
  const { type, data } = await plainBody(task)
  const body = fault.gzip ? gzipSync(data) : data
  res.statusCode = fault.status ?? 200
  await sendHeaders(task, {
    'content-type': type,
    'content-length': body.length + (fault.contentLengthShort ? 100 : 0),
    ...(fault.status !== undefined && { connection: 'close' })
  })
  if (fault.die) {
    res.flushHeaders()
    if (fault.dieAfterChunks) await write(exchange, body)
    else if (fault.dieMidEvent) await write(exchange, body.subarray(0, body.length / 2))
    return die(task)
  }
  if (fault.contentLengthShort) {
    await write(exchange, body)
    return die(task)
  }
  res.end(body)
}
