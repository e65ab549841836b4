// What a client is shown while its model loads. The clock is virtual: a second passes when the test says so.
import t from 'tap'
import type { Test } from 'tap'
import type { RequestListener } from 'node:http'
import net from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import { dataIn, post, postHttp2, reasoningIn } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel, b: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Answers each request with a short stream. */
const answer: RequestListener = (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream', 'x-own': '1' }).end(ANSWER) }

/** Answers with a stream that the test ends. */
async function longAnswer (t: Test): Promise<{ origin: string, end: () => void }> {
  let end = (): void => {}
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    end = () => response.end(ANSWER)
  })
  return { origin, end: () => end() }
}

// llama-swap: loading_test.go, headers+prologue (17), WriteHeader once (48), Write passthrough (61), setUpdate shown (101), periodic flush (167).
t.test('position, reason, state and time, and then the server\'s own stream, byte for byte', async (t) => {
  const { origin, end } = await longAnswer(t)
  const gateway = await virtualGateway(t, config)
  const { url, clock, started } = gateway
  const first = post(url, CHAT, { ...streaming, model: 'b' })
  ;(await started(1)).placeAt(origin)
  await (await first).shows('Done!')

  const stream = await post(url, CHAT, streaming)
  t.equal(stream.status, 200)
  t.match(stream.headers, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' })
  await stream.shows('(0.00s)')
  const lines = ['━━━━━', 'llama-swap loading model: a', '', 'Queue position: #1, waits for b to finish 1 request (0.00s) ']
  t.equal(reasoningIn(stream.text()), lines.join('\n'))
  const second = await post(url, CHAT, streaming)
  await second.shows('Queue position: #2, waits for b')
  second.leave()

  for (let i = 0; i < 12; i++) {
    const before = stream.text().length
    clock.advance(1000)
    await until(() => stream.text().length > before)
  }
  lines[3] += '......... 10.00s ..'
  t.equal(reasoningIn(stream.text()), lines.join('\n'), 'a sign of life each second')

  clock.advance(340)
  end()
  const handle = await started(2)
  await stream.shows('starting')
  clock.advance(2000)
  await stream.shows('(12.34s) "')
  handle.placeAt(await serve(t, answer))
  t.equal(await stream.ended, 'whole')
  const own = stream.text().indexOf(ANSWER)
  t.equal(stream.text().slice(own), ANSWER)
  const said = reasoningIn(stream.text())
  t.match(said, /^The server is starting \(12\.34s\) \.\.$/m)
  t.match(said, /\nDone! \(14\.34s\)\n━━━━━\n \n$/, 'as llama-swap ends it')
  const chunks = dataIn(stream.text())
  t.strictSame(chunks.filter(({ choices }) => choices![0]!.delta!.role !== undefined).length, 2, 'the role at the beginning, and as the server has it')
  t.notHas(stream.headers, { 'x-own': String }, 'headers of the server come too late')
})

t.test('for a model that is ready as well, when it is to make room for who has waited too long', async (t) => {
  const { origin, end } = await longAnswer(t)
  const { url, clock, started, manager } = await virtualGateway(t, config)
  const first = post(url, CHAT, { ...streaming, model: 'b' })
  ;(await started(1)).placeAt(origin)
  await (await first).shows('Done!')
  const other = await post(url, CHAT, streaming)
  await other.shows('Queue position: #1')
  clock.advance(60_000)
  t.match(manager.status().models.find(({ model }) => model === 'b'), { state: 'ready' })
  const late = await post(url, CHAT, { ...streaming, model: 'b' })
  await late.shows('Queue position: #2, waits for a model that has waited longer (0.00s)')
  t.match(reasoningIn(late.text()), /^━━━━━\nllama-swap loading model: b\n/)
  late.leave()
  end()
  ;(await started(2)).placeAt(await serve(t, answer))
  t.equal(await other.ended, 'whole')
})

for (const path of ['/v1/completions', '/v1/responses', '/infill', '/completion', '/v/responses', '/v/completions']) {
  t.test(`${path}: comments`, async (t) => {
    const { url, clock, started } = await virtualGateway(t, config)
    const stream = await post(url, path, streaming)
    await stream.shows('starting')
    clock.advance(1000)
    await stream.shows(': .\n')
    ;(await started(1)).placeAt(await serve(t, answer))
    t.equal(await stream.ended, 'whole')
    t.equal(stream.text(), [
      ': llama-swap loading model: a', ': The server is starting (0.00s) ', ': .', ': Done! (1.00s)', ANSWER
    ].join('\n'))
  })
}

for (const path of ['/v1/messages', '/v/messages']) {
  t.test(`${path}: pings, and the words in comments`, async (t) => {
    const { url, clock, started } = await virtualGateway(t, config)
    const stream = await post(url, path, streaming)
    await stream.shows('starting')
    clock.advance(1000)
    await stream.shows(': .\n')
    ;(await started(1)).placeAt(await serve(t, answer))
    t.equal(await stream.ended, 'whole')
    const ping = 'event: ping\ndata: {"type":"ping"}\n\n'
    t.equal(stream.text(), [
      ': llama-swap loading model: a\n', ': The server is starting (0.00s) \n', ': .\n', ': Done! (1.00s)\n', ''
    ].join(ping) + ANSWER)
  })
}

t.test('/v/chat/completions: as chat', async (t) => {
  const { url, started } = await virtualGateway(t, config)
  const stream = await post(url, '/v/chat/completions', streaming)
  ;(await started(1)).placeAt(await serve(t, answer))
  t.equal(await stream.ended, 'whole')
  t.match(reasoningIn(stream.text()), /^━━━━━\nllama-swap loading model: a\n[^]*Done!/)
})

t.test('a launcher with a queue: says that the server waits', async (t) => {
  const { url, manager, started } = await virtualGateway(t, config)
  manager.stateOf = () => 'queued'
  const stream = await post(url, CHAT, streaming)
  await stream.shows('The server waits for a place (0.00s)')
  ;(await started(1)).placeAt(await serve(t, answer))
  t.equal(await stream.ended, 'whole')
})

// Who the host lets have some models only must not hear of others.
t.test('with `admit` no other model is named', async (t) => {
  const { origin, end } = await longAnswer(t)
  const { url, started } = await virtualGateway(t, { ...config, models: { a: virtualModel, secret: virtualModel } }, { admit: async () => true })
  const first = post(url, CHAT, { ...streaming, model: 'secret' })
  ;(await started(1)).placeAt(origin)
  await (await first).shows('Done!')
  const stream = await post(url, CHAT, streaming)
  await stream.shows('Queue position: #1, waits for its turn (0.00s)')
  end()
  ;(await started(2)).placeAt(await serve(t, answer))
  t.equal(await stream.ended, 'whole')
  t.notMatch(stream.text(), 'secret')
})

t.test('what the host has set is kept, and compression is not asked for', async (t) => {
  let accepted: string | undefined
  let sends = 0
  const { url, started, requests } = await virtualGateway(t, config, {
    prepare (app) {
      app.addHook('onRequest', async (_request, reply) => {
        reply.header('access-control-allow-origin', 'https://example.org').header('x-request-id', '7').header('cache-control', 'no-store')
        reply.header('set-cookie', 'a=1').header('set-cookie', 'b=2')
      })
      app.addHook('onSend', async () => { sends++ })
    }
  })
  const stream = await post(url, CHAT, streaming, { 'accept-encoding': 'gzip, br' })
  t.match(stream.headers, { 'access-control-allow-origin': 'https://example.org', 'x-request-id': '7', 'cache-control': 'no-store', 'set-cookie': ['a=1', 'b=2'] })
  ;(await started(1)).placeAt(await serve(t, (request, response) => {
    accepted = request.headers['accept-encoding']
    answer(request, response as never)
  }))
  t.equal(await stream.ended, 'whole')
  t.equal(accepted, undefined)
  t.equal(sends, 0, 'onSend hooks do not run')
  await until(() => requests.length === 1)
  t.match(requests, [{ status: 200, outcome: 'completed' }])
})

t.test('HTTP/1.0: the stream ends with its connection', async (t) => {
  const { url, started } = await virtualGateway(t, config)
  const body = JSON.stringify(streaming)
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk)).write(`POST ${CHAT} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  ;(await started(1)).placeAt(await serve(t, answer))
  await new Promise((resolve) => socket.once('close', resolve))
  const text = Buffer.concat(chunks).toString()
  t.notMatch(text, /transfer-encoding/i)
  t.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\ndata: \{"object"/, 'no sizes of chunks in it')
  t.ok(text.endsWith(ANSWER))
})

t.test('HTTP/2', async (t) => {
  const { url, clock, started } = await virtualGateway(t, config, { fastify: { http2: true } as FastifyServerOptions })
  const stream = await postHttp2(t, url, CHAT, streaming)
  await stream.shows('starting')
  clock.advance(1000)
  await stream.shows('"."')
  ;(await started(1)).placeAt(await serve(t, answer))
  t.equal(await stream.ended, 'whole')
  t.match(reasoningIn(stream.text()), /starting \(0\.00s\) \.\nDone! \(1\.00s\)/)
  t.ok(stream.text().endsWith(ANSWER))
})

t.test('a request that is injected', async (t) => {
  const { app, started } = await virtualGateway(t, config)
  const injected = app.inject({ method: 'POST', url: CHAT, payload: streaming })
  ;(await started(1)).placeAt(await serve(t, answer))
  const { statusCode, payload } = await injected
  t.equal(statusCode, 200)
  t.match(reasoningIn(payload), /^━━━━━\nllama-swap loading model: a\n[^]*Done!/)
  t.ok(payload.endsWith(ANSWER))
})
