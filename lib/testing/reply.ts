import { once } from 'node:events'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { failure, plain, shapeOf } from './answers.ts'
import type { Json, Shape } from './answers.ts'
import { eventText, streamed } from './events.ts'
import type { UpstreamMark } from './events.ts'
import { sendJson } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import type { Fault } from './faults.ts'

interface Task {
  readonly exchange: Exchange
  readonly name: string
  readonly shape: Shape
  readonly fault: Fault
  readonly body: Buffer
  readonly json: Json
}

/** Answers one POST (or anything on `/echo/`) with the fault it asks for. Throws an AbortError when the client leaves. */
export async function reply (exchange: Exchange, name: string, fault: Fault, body: Buffer, json: Json = {}): Promise<void> {
  const { res, path } = exchange
  const task: Task = { exchange, name, shape: shapeOf(path), fault, body, json }
  if (fault.delayMs) await setTimeout(fault.delayMs, undefined, { signal: exchange.gone })
  if (fault.dieBeforeHeaders) return die(task)
  if (fault.status !== undefined) return sendJson(res, fault.status, failure(task.shape, fault.status, `${name} fails on demand`), { connection: 'close', ...fault.headers })
  const canStream = !['embeddings', 'rerank'].includes(task.shape) && !path.startsWith('/echo/')
  return json['stream'] === true && canStream ? sendStream(task) : sendPlain(task)
}

function mark (name: string): UpstreamMark {
  return { name, hrtime: process.hrtime.bigint().toString() }
}

async function sendHeaders ({ exchange: { res, gone }, fault }: Task, headers: Record<string, string | number>): Promise<void> {
  for (const [name, value] of Object.entries({ ...headers, ...fault.headers })) res.setHeader(name, value)
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
  if (fault.die === 'sigkill') process.kill(process.pid, 'SIGKILL')
  else if (fault.die === 'rst') res.socket!.resetAndDestroy()
  else res.socket!.destroySoon()
}

async function sendStream (task: Task): Promise<void> {
  const { exchange, name, shape, fault, json } = task
  const { res, gone } = exchange
  await sendHeaders(task, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  res.flushHeaders()
  let index = 0
  for (const event of streamed(shape, name, json, fault)) {
    if (index > 0) await (fault.chunkMs === 0 ? setImmediate() : setTimeout(fault.chunkMs ?? 5, undefined, { signal: gone }))
    const text = eventText(shape, event, { ...mark(name), index })
    if (fault.die && index === (fault.dieAfterChunks ?? 0)) {
      if (fault.dieMidEvent) await write(exchange, text.slice(0, text.length / 2))
      return die(task)
    }
    await write(exchange, text)
    index++
  }
  if (fault.die) return die(task)
  res.end(shape === 'messages' ? '' : 'data: [DONE]\n\n')
}

function plainBody ({ exchange: { req }, name, shape, fault, body, json }: Task): Buffer {
  const answer = shape === 'echo'
    ? { method: req.method, url: req.url, headers: req.headers, rawHeaders: req.rawHeaders, bodyBase64: body.toString('base64') }
    : plain(shape, name, json)
  const text = JSON.stringify({ ...answer, upstream: mark(name) })
  const missing = (fault.bodyBytes ?? 0) - Buffer.byteLength(text) - ',"padding":""'.length
  return Buffer.from(missing > 0 ? `${text.slice(0, -1)},"padding":"${'x'.repeat(missing)}"}` : text)
}

async function sendPlain (task: Task): Promise<void> {
  const { exchange, fault } = task
  const { res } = exchange
  const body = plainBody(task)
  await sendHeaders(task, { 'content-type': 'application/json', 'content-length': body.length + (fault.contentLengthShort ? 100 : 0) })
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
