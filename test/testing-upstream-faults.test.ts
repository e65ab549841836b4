// What goes wrong with the test upstream's answers on demand.
import { once } from 'node:events'
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { constants, gunzipSync } from 'node:zlib'
import t from 'tap'
import { upstreamStats } from 'fastify-llama-swap/testing'
import type { Fault, UpstreamMark } from 'fastify-llama-swap/testing'
import { chat, launch, post, sse, wire } from './helper/upstream.ts'

/** Puts the chunks of a raw answer's body together. */
function dechunk (bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = bytes.indexOf('\r\n\r\n') + 4
  while (at < bytes.length) {
    const start = bytes.indexOf('\r\n', at) + 2
    const length = parseInt(bytes.toString('latin1', at, start), 16)
    parts.push(bytes.subarray(start, start + length))
    at = start + length + 2
  }
  return Buffer.concat(parts)
}

/** As far as it goes. */
function gunzipPart (data: Buffer): string {
  return gunzipSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
}

t.test('its faults', async (t) => {
  const up = await launch(t, { name: 'f' })
  await up.event('ready')
  const ask = (fault: Fault, stream = true, path = chat): Promise<Response> => post(up.origin, path, { stream, fault })
  const cut = (fault: Fault, stream = true, path = chat): ReturnType<typeof wire> => wire(up.port, path, { stream, fault })
  const marks = async (fault: Fault): Promise<UpstreamMark[]> => sse(await (await ask(fault)).text()).map(({ upstream }) => upstream)

  t.test('delayMs', async (t) => {
    const start = performance.now()
    await ask({ delayMs: 200 })
    t.ok(performance.now() - start >= 199)
  })

  t.test('firstChunkDelayMs: the headers come first', async (t) => {
    for (const stream of [true, false]) {
      const response = await ask({ firstChunkDelayMs: 1000 }, stream)
      const headersAt = process.hrtime.bigint()
      const text = await response.text()
      const { hrtime } = (stream ? sse(text)[0]! : JSON.parse(text)).upstream
      if (stream) t.ok(BigInt(hrtime) > headersAt, 'the first event was written after the headers were here')
      else t.ok(process.hrtime.bigint() - headersAt > 100_000_000n, 'so was the body')
    }
  })

  t.test('chunks, chunkMs, chunkBytes', async (t) => {
    const times = (await marks({ chunks: 3, chunkMs: 40 })).map(({ hrtime }) => BigInt(hrtime))
    t.equal(times.length, 3)
    t.ok(times[1]! - times[0]! >= 39_000_000n && times[2]! - times[1]! >= 39_000_000n)
    t.equal((await marks({ chunks: 500, chunkMs: 0 })).length, 500)
    const [event] = sse(await (await ask({ chunks: 1, chunkBytes: 100_000 })).text())
    t.equal(event!['choices'][0].delta.content.length, 100_000)
  })

  t.test('die: fin, after so many events', async (t) => {
    for (const dieAfterChunks of [0, 2, 9]) {
      const { text, end } = await cut({ die: 'fin', dieAfterChunks })
      t.equal(end, 'FIN')
      t.match(text, /^HTTP\/1\.1 200 OK\r\n/)
      t.equal(text.match(/^data: \{.*\}\n\n/gm)?.length ?? 0, Math.min(dieAfterChunks, 5))
      t.notMatch(text, /\r\n0\r\n|DONE/, 'without a proper end')
    }
    t.equal((await cut({ die: 'fin', dieAfterChunks: 3 }, true, '/v1/messages')).text.match(/^event: /gm)!.length, 3)
  })

  t.test('die: rst', async (t) => {
    const { text, end } = await cut({ die: 'rst', dieAfterChunks: 2 })
    t.equal(end, 'ECONNRESET')
    t.equal(text.match(/^data: \{/gm)!.length, 2)
  })

  t.test('dieBeforeHeaders', async (t) => {
    t.strictSame(await cut({ die: 'fin', dieBeforeHeaders: true }), { text: '', bytes: Buffer.alloc(0), end: 'FIN' })
    t.strictSame(await cut({ die: 'rst', dieBeforeHeaders: true }), { text: '', bytes: Buffer.alloc(0), end: 'ECONNRESET' })
  })

  t.test('dieMidEvent', async (t) => {
    const { text } = await cut({ die: 'fin', dieAfterChunks: 1, dieMidEvent: true })
    t.match(text, /^data: \{.*\}\n\n\r\n\w+\r\ndata: \{[^\n]+\r\n$/m, 'one event and a half')
  })

  t.test('die works for plain answers too', async (t) => {
    const length = ({ text }: { text: string }): [number, number] =>
      [Number(/content-length: (\d+)/i.exec(text)![1]), text.slice(text.indexOf('\r\n\r\n') + 4).length]
    const [promised, none] = length(await cut({ die: 'fin' }, false))
    t.ok(promised > 0)
    t.equal(none, 0)
    const [whole, half] = length(await cut({ die: 'fin', dieMidEvent: true }, false))
    t.equal(half, Math.floor(whole / 2))
    const [all, sent] = length(await cut({ die: 'fin', dieAfterChunks: 1 }, false))
    t.equal(sent, all)
  })

  t.test('status', async (t) => {
    const response = await ask({ status: 500, headers: { 'Retry-After': '3' } })
    t.equal(response.status, 500)
    t.equal(response.headers.get('connection'), 'close')
    t.equal(response.headers.get('retry-after'), '3')
    t.match(await response.json(), { error: { code: 500, message: 'f fails on demand' } })
    t.match(await (await ask({ status: 529 }, false, '/v1/messages')).json(), { type: 'error', error: { type: 'api_error' } })
    t.match(await (await ask({ status: 503 }, true)).json(), { error: { code: 503, type: 'unavailable_error' } }, 'also in place of a stream')
    const none = await ask({ status: 204 }, false)
    t.equal(none.status, 204)
    t.equal(await none.text(), '')
    const { text, end } = await cut({ status: 500, die: 'fin', dieMidEvent: true }, false)
    t.match(text, /^HTTP\/1\.1 500 [^]*\r\n\r\n\{"error":[^]*[^}]$/, 'an error can be cut off too')
    t.equal(end, 'FIN')
  })

  t.test('contentLengthShort', async (t) => {
    const { text, end } = await cut({ contentLengthShort: true }, false)
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    t.equal(Number(/content-length: (\d+)/i.exec(text)![1]), body.length + 100)
    t.match(JSON.parse(body), { upstream: { name: 'f' } })
    t.equal(end, 'FIN')
  })

  t.test('bodyBytes', async (t) => {
    const text = await (await ask({ bodyBytes: 3_000_000 }, false)).text()
    t.equal(text.length, 3_000_000)
    t.match(JSON.parse(text), { object: 'chat.completion', padding: /^x+$/ })
    t.match(await (await ask({ bodyBytes: 1 }, false)).json(), { object: 'chat.completion' }, 'it is never cut')
  })

  t.test('headers', async (t) => {
    const response = await ask({ headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-A': ['1', '2'] } })
    t.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    t.equal(response.headers.get('x-a'), '1, 2')
    await response.body!.cancel()
  })

  t.test('gzip: a stream is flushed event by event', async (t) => {
    const response = await ask({ gzip: true, chunks: 2, chunkMs: 60_000 })
    t.equal(response.headers.get('content-encoding'), 'gzip')
    t.equal(response.headers.get('content-length'), null)
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('\n\n')) text += Buffer.from((await reader.read()).value!).toString()
    t.equal(sse(text).length, 1, 'the first event is there before the second is written')
    await reader.cancel()
    const whole = await (await ask({ gzip: true, chunks: 50, chunkMs: 0, chunkBytes: 2000 })).text()
    t.equal(sse(whole).length, 50)
    t.ok(whole.endsWith('data: [DONE]\n\n'))
  })

  t.test('gzip: plain answers, errors too', async (t) => {
    const { bytes, text } = await cut({ gzip: true, bodyBytes: 100_000, headers: { connection: 'close' } }, false)
    const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
    t.ok(body.length < 2000)
    t.match(text, new RegExp(`^content-length: ${body.length}\r\n`, 'mi'))
    t.equal(gunzipSync(body).length, 100_000)
    const failed = await ask({ gzip: true, status: 500 }, false)
    t.equal(failed.headers.get('content-encoding'), 'gzip')
    t.match(await failed.json(), { error: { code: 500 } })
  })

  t.test('gzip: dies in the middle as well', async (t) => {
    const { bytes, end } = await cut({ gzip: true, die: 'fin', dieAfterChunks: 2, dieMidEvent: true })
    t.equal(end, 'FIN')
    const text = gunzipPart(dechunk(bytes))
    t.match(text, /^(data: \{.*\}\n\n){2}data: \{[^\n]+$/, 'two events and a half')
    const plain = await cut({ gzip: true, die: 'fin', dieMidEvent: true, bodyBytes: 1000 }, false)
    t.equal(plain.end, 'FIN')
    const promised = Number(/content-length: (\d+)/i.exec(plain.text)![1])
    const half = plain.bytes.subarray(plain.bytes.indexOf('\r\n\r\n') + 4)
    t.equal(half.length, Math.floor(promised / 2))
    t.match(gunzipPart(half), /^\{"id":"chatcmpl-1/)
  })

  t.test('cors', async (t) => {
    const allowed = async (fault: Fault, origin?: string): Promise<string | null> => {
      const response = await fetch(up.origin + chat, { method: 'POST', body: JSON.stringify({ fault }), headers: { 'content-type': 'application/json', ...(origin && { origin }) } })
      return response.headers.get('access-control-allow-origin')
    }
    t.equal(await allowed({}, 'http://a.test'), null)
    t.equal(await allowed({ cors: 'echo' }, 'http://a.test'), 'http://a.test')
    t.equal(await allowed({ cors: 'echo' }), '', 'empty, not absent')
    t.equal(await allowed({ cors: 'empty' }, 'http://a.test'), '')
    t.equal(await allowed({ cors: 'echo', status: 404 }, 'http://a.test'), 'http://a.test', 'on errors too')
    const stream = await ask({ cors: 'empty' })
    t.equal(stream.headers.get('access-control-allow-origin'), '')
    await stream.text()
  })

  t.test('informational: an answer before the answer', async (t) => {
    for (const [status, event] of [[100, 'continue'], [102, 'information'], [103, 'information']] as const) {
      const req = request(up.origin + chat, { method: 'POST', headers: { 'content-type': 'application/json' }, agent: false })
      const early = once(req, event)
      const late = once(req, 'response')
      req.end(JSON.stringify({ fault: { informational: status } }))
      const [info] = await early as Array<{ statusCode: number, headers: Record<string, string> } | undefined>
      if (event === 'information') t.equal(info!.statusCode, status)
      if (status === 103) t.match(info!.headers, { link: '</early>; rel=preload' })
      const [response] = await late
      t.equal(response.statusCode, 200)
      t.match(JSON.parse(String(await buffer(response))), { object: 'chat.completion' })
    }
    t.match((await cut({ informational: 103, die: 'fin', dieBeforeHeaders: true })).text, /^HTTP\/1\.1 103 Early Hints\r\n[^]*\r\n\r\n$/, 'it may be all that comes')
  })

  t.test('the upstream\'s own fault is for requests that ask for none', async (t) => {
    const bad = await launch(t, { fault: { status: 529, headers: { 'x-a': 'b "c"' } } })
    await bad.event('ready')
    const response = await post(bad.origin, chat, { stream: true })
    t.equal(response.status, 529)
    t.equal(response.headers.get('x-a'), 'b "c"')
    t.equal((await post(bad.origin, chat, { fault: { status: 500 } })).status, 500)
    t.equal((await post(bad.origin, chat, { fault: {} })).status, 200)
    t.equal((await fetch(`${bad.origin}/props`)).status, 529)
    t.equal((await fetch(`${bad.origin}/health`)).status, 200, 'probes are none of its business')
  })

  t.test('by query where there is no JSON body', async (t) => {
    const query = (fault: unknown): string => `fault=${encodeURIComponent(JSON.stringify(fault))}`
    t.equal((await fetch(`${up.origin}/echo/x?a=b&${query({ status: 418 })}`)).status, 418)
    t.equal((await fetch(`${up.origin}/v1/audio?${query({ status: 418 })}`, { method: 'POST', body: 'form' })).status, 418)
  })

  t.test('what is no fault is refused', async (t) => {
    const refused = async (fault: unknown, message: string | RegExp): Promise<void> => {
      const response = await post(up.origin, chat, { fault })
      t.equal(response.status, 400)
      t.match(await response.json(), { error: { message } })
    }
    await refused({ delayMS: 5 }, 'There is no fault "delayMS"')
    await refused({ delayMs: '5' }, 'The fault "delayMs" should be of type number')
    await refused({ die: 'young' }, 'The fault "die" should be one of fin, rst, sigkill')
    await refused({ informational: 101 }, 'The fault "informational" should be one of 100, 102, 103')
    await refused({ headers: { 'a b': '1' } }, /a b/)
    await refused({ headers: { a: ['1', '\n'] } }, /"a"/)
    await refused({ headers: null }, 'The fault "headers" should be of type object')
    for (const status of [99, 700, 200.5]) await refused({ status }, 'The fault "status" should be from 200 to 599')
    await refused({ dieMidEvent: true }, 'The fault "die" is missing')
    for (const fault of [5, null, []]) await refused(fault, '"fault" is not an object')
    t.equal((await fetch(`${up.origin}/echo/?fault=die`)).status, 400)
  })

  t.test('die: sigkill', async (t) => {
    const { died } = await upstreamStats(up.origin)
    t.ok(died > 0, 'its own cuts are counted apart')
    const { text } = await cut({ die: 'sigkill', dieAfterChunks: 2 })
    t.equal(text.match(/^data: \{/gm)!.length, 2)
    t.strictSame(await up.exited, [null, 'SIGKILL'])
    t.notOk(up.events().some((event) => event.event === 'exit'))
  })
})
