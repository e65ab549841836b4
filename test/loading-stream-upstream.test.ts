// What a server answers when its client has been shown a loading stream, and so been told 200 and an event stream already.
import t from 'tap'
import type { Test } from 'tap'
import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import type { VirtualGateway } from './helper/virtual-gateway.ts'
import { dataIn, post } from './helper/watched-stream.ts'
import type { Watched } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const config = { sendLoadingState: true, models: { a: virtualModel } }
const EVENT = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'

/** A request for a cold model whose server then answers so. */
async function answeredBy (t: Test, listener: RequestListener, path = CHAT): Promise<{ stream: Watched, gateway: VirtualGateway }> {
  const gateway = await virtualGateway(t, config)
  const stream = await post(gateway.url, path, { model: 'a', stream: true, messages: [] })
  await stream.shows('starting')
  ;(await gateway.started(1)).placeAt(await serve(t, listener))
  await stream.shows('Done!')
  return { stream, gateway }
}

const last = ({ text }: Watched): unknown => dataIn(text()).at(-1)

/** It ended visibly, once, and the gateway knows. */
async function failed (t: Test, { stream, gateway }: { stream: Watched, gateway: VirtualGateway }, outcome = 'failed'): Promise<void> {
  t.equal(await stream.ended, 'cut')
  t.notMatch(stream.text(), '[DONE]')
  t.equal(stream.text().match(/"error":/g)?.length, 1, 'one error')
  await until(() => gateway.requests.length === 1)
  t.match(gateway.requests, [{ outcome, status: 200, model: 'a' }])
  await until(() => gateway.manager.status().models[0]!.leases === 0)
}

t.test('an error that says what is wrong: in its own words', async (t) => {
  const error = { error: { message: 'the prompt is too long', type: 'invalid_request_error', code: 400 } }
  const answered = await answeredBy(t, (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(error, null, 2))
  })
  await failed(t, answered)
  t.strictSame(last(answered.stream), error)
  t.match(answered.stream.text(), /\n\ndata: \{"error":\{"message":"the prompt[^\n]*\}\}\n\n$/, 'on one line')
})

t.test('the same where the protocol is Anthropic\'s: as an error event', async (t) => {
  const error = { type: 'error', error: { type: 'invalid_request_error', message: 'the prompt is too long' } }
  const answered = await answeredBy(t, (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(error))
  }, '/v1/messages')
  await failed(t, answered)
  t.ok(answered.stream.text().endsWith(`\n\nevent: error\ndata: ${JSON.stringify(error)}\n\n`))
})

for (const [what, status, body] of [
  ['a page', 404, '<html>not here</html>'],
  ['JSON in which clients would see no error', 422, '{"detail":"no"}'],
  ['null', 500, 'null'],
  ['a number', 500, '5'],
  ['an error that says nothing', 500, '{"error":null}'],
  ['nothing', 503, ''],
  ['a redirection', 302, ''],
  ['an error without end', 500, `{"error":"${'x'.repeat(1_000_000)}`]
] as const) {
  t.test(`a status of ${status} with ${what}: an error of ours that names it`, async (t) => {
    const answered = await answeredBy(t, (_request, response) => { response.writeHead(status, { location: '/x' }).end(body) })
    await failed(t, answered)
    t.match(last(answered.stream), { src: 'llama-swap', error: { message: `the server of the model "a" answered with status ${status}`, code: 'upstream_refused' } })
  })
}

t.test('an error that never ends: what the client is told is bounded, and comes at once', async (t) => {
  let gone = false
  const answered = await answeredBy(t, (_request, response) => {
    response.writeHead(500).write('x'.repeat(70_000))
    response.on('close', () => { gone = true })
  })
  await failed(t, answered)
  await until(() => gone)
})

t.test('an error that breaks off', async (t) => {
  const answered = await answeredBy(t, (_request, response) => {
    response.writeHead(500, { 'content-length': '1000' }).write('{"error":', () => response.destroy())
  })
  await failed(t, answered)
  t.match(last(answered.stream), { error: { code: 'upstream_refused' } })
})

for (const [what, headers, body, named] of [
  ['JSON', { 'content-type': 'application/json; charset=utf-8' }, '{"choices":[{"message":{"content":"hi"}}]}', 'application/json'],
  ['sound', { 'content-type': 'audio/mpeg' }, 'x', 'audio/mpeg'],
  ['something without a type', {}, 'x', 'no type'],
  ['an event stream that is compressed, which nobody has asked for', { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }, gzipSync(EVENT), 'gzip data']
] as const) {
  t.test(`${what} in place of an event stream: an error that says so, and what to do`, async (t) => {
    let gone = false
    const answered = await answeredBy(t, (_request, response) => {
      response.writeHead(200, headers as Record<string, string>).write(body)
      // It goes on for ever; nobody waits for that.
      response.on('close', () => { gone = true })
    })
    await failed(t, answered)
    t.match(last(answered.stream), { error: { message: `the server of the model "a" answered with ${named}, where`, code: 'upstream_no_stream' } })
    t.match(last(answered.stream), { error: { message: 'turn sendLoadingState off' } })
    await until(() => gone)
  })
}

t.test('a compressed error: of that, too, only the status is told', async (t) => {
  const answered = await answeredBy(t, (_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync('{"error":{}}'))
  })
  await failed(t, answered)
  t.match(last(answered.stream), { error: { code: 'upstream_refused' } })
})

t.test('`Content-Encoding: identity` is none, and any 2xx will do', async (t) => {
  const { stream, gateway } = await answeredBy(t, (_request, response) => {
    response.writeHead(201, { 'content-type': 'text/event-stream; charset=utf-8', 'content-encoding': 'identity', 'content-length': EVENT.length }).end(EVENT)
  })
  t.equal(await stream.ended, 'whole')
  t.ok(stream.text().endsWith(EVENT))
  await until(() => gateway.requests.length === 1)
  t.match(gateway.requests, [{ outcome: 'completed', status: 200 }])
})

t.test('a status that there is not, with a loading stream and without', async (t) => {
  const listener: RequestListener = (_request, response) => {
    response.socket!.end('HTTP/1.1 799 What\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
  }
  await failed(t, await answeredBy(t, listener))
  const { url, started } = await virtualGateway(t, { models: { a: virtualModel } })
  const plain = post(url, CHAT, { model: 'a', stream: true })
  ;(await started(1)).placeAt(await serve(t, listener))
  t.equal((await plain).status, 502)
  t.equal(await (await plain).ended, 'whole')
})

t.test('death before headers', async (t) => {
  const answered = await answeredBy(t, (_request, response) => { response.destroy() })
  await failed(t, answered)
  t.match(last(answered.stream), { error: { code: 'upstream_failed', message: 'the server of the model "a" broke off before it answered' } })
})

t.test('what is no HTTP', async (t) => {
  const answered = await answeredBy(t, (_request, response) => { response.socket!.end('SSH-2.0-OpenSSH_9.2\r\n') })
  await failed(t, answered)
  t.match(last(answered.stream), { error: { code: 'upstream_failed' } })
})

for (const written of ['', EVENT, EVENT + EVENT.slice(0, 30)]) {
  t.test(`death in the middle of the stream, ${written.length} bytes written`, async (t) => {
    const answered = await answeredBy(t, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      setImmediate(() => response.write(written, () => response.destroy()))
    })
    await failed(t, answered, 'truncated')
    const text = answered.stream.text()
    t.match(text, /\n\ndata: \{"src":"llama-swap","error":\{"message":"[^\n]*broke off in the middle of its answer"[^\n]*\}\n\n$/, 'an event of its own')
    t.ok(text.includes(written))
  })
}

t.test('the client leaves after the prologue, before the headers: the server is told', async (t) => {
  let gone = false
  let asked = false
  const { stream, gateway } = await answeredBy(t, (_request, response) => {
    asked = true
    response.on('close', () => { gone = true })
  })
  await until(() => asked)
  stream.leave()
  await until(() => gone)
  await until(() => gateway.requests.length === 1)
  t.match(gateway.requests, [{ outcome: 'cancelled' }])
  await until(() => gateway.manager.status().models[0]!.leases === 0)
})

t.test('the model unloaded by force: before the headers, and while an error is read', async (t) => {
  for (const head of [undefined, 500]) {
    let asked = false
    const answered = await answeredBy(t, (_request, response) => {
      asked = true
      if (head !== undefined) response.writeHead(head).write('{')
    })
    await until(() => asked)
    const unloaded = answered.gateway.manager.unload('a', { force: true })
    // What a server gets to see that its requests have left.
    answered.gateway.clock.advance(1000)
    await unloaded
    await failed(t, answered)
    t.match(last(answered.stream), { error: { code: 'unloaded' } })
  }
})
