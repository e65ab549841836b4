import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startGateway } from './helper/gateway.ts'
import type { Gateway } from './helper/gateway.ts'
import { NumberedStream } from './helper/numbered-stream.ts'
import { checkLoopDelay, megabytes, report } from './helper/report.ts'
import { part } from './helper/settings.ts'

const SIZE = 200e6 * part
const RATE = 1e6
const EVENT = 10_000
const TICK = 50
const MAX_GROWTH = 20e6

t.test(`a stream of ${megabytes(SIZE)} to a client that reads 1 MB a second`, { skip: process.platform !== 'linux', timeout: 400_000 }, async (t) => {
  const gateway = await startGateway(t, { a: {} })
  // What is made once, and the room that garbage takes between two collections: a fast client has it all used.
  await read(gateway, 'fast', 200e6, Infinity)
  const start = await gateway.call('rss')
  await gateway.call('restartLoopDelay')

  let most = start
  const since = performance.now()
  const reading = read(gateway, 'slow', SIZE, RATE)
  const over = reading.then(() => true, () => true)
  while (!await Promise.race([over, delay(500, false)])) most = Math.max(most, await gateway.call('rss'))
  const { stream, bytes } = await reading
  const seconds = (performance.now() - since) / 1000
  report(`${megabytes(bytes)} in ${seconds.toFixed(1)} s; RSS ${megabytes(start)} before, ${megabytes(most)} at most meanwhile, ${megabytes(await gateway.call('memory'))} after garbage collection`)
  await checkLoopDelay(t, gateway, 'slow reader')
  t.match(stream, { fault: undefined, done: true, count: Math.ceil(SIZE / EVENT) }, 'each event has come, once and in order, and the end')
  t.ok(most - start < MAX_GROWTH, `RSS: ${megabytes(most - start)} more at most than before`)
  t.strictSame(await gateway.close(), { exit: 0, printed: '' }, 'it ends by itself, and had nothing to complain about')
})

/** Reads an answer of so many bytes, so many a second. */
async function read ({ url }: Gateway, id: string, size: number, rate: number): Promise<{ stream: NumberedStream, bytes: number }> {
  const stream = new NumberedStream(id, 'a', undefined)
  const body = '{"model":"a","stream":true}'
  const req = request(`${url}/v1/chat/completions?id=${id}&events=${Math.ceil(size / EVENT)}&every=0&pad=${EVENT}`, {
    method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': body.length }
  })
  req.end(body)
  const [response] = await once(req, 'response') as [IncomingMessage]
  const end = once(response, 'end').then(() => true)
  let bytes = 0
  response.setEncoding('latin1')
  const since = performance.now()
  do {
    const allowed = rate * (performance.now() - since) / 1000
    for (let chunk: string | null; bytes < allowed && (chunk = response.read() as string | null) !== null;) {
      bytes += chunk.length
      stream.add(chunk)
    }
  } while (!await Promise.race([end, rate === Infinity ? once(response, 'readable').then(() => false) : delay(TICK, false)]))
  return { stream, bytes }
}
