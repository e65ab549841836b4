// When a client that waits is shown nothing, or nothing but a refusal.
import t from 'tap'
import type { Test } from 'tap'
import type { RequestListener } from 'node:http'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import type { VirtualGateway } from './helper/virtual-gateway.ts'
import { post } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel, b: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Answers each request with a short stream. */
const answer: RequestListener = (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream', 'x-own': '1' }).end(ANSWER) }

const waiting = ({ manager }: VirtualGateway, model: string): number => manager.status().models.find((status) => status.model === model)!.waiting

/** Sends a request for a cold model and lets it start: there must be no word of that. */
async function silent (t: Test, { started }: VirtualGateway, send: () => ReturnType<typeof post>): Promise<void> {
  const sent = send()
  ;(await started(1)).placeAt(await serve(t, answer))
  const stream = await sent
  t.equal(await stream.ended, 'whole')
  t.equal(stream.text(), ANSWER)
  t.equal(stream.headers['x-own'], '1')
}

t.test('none without `stream: true`', async (t) => {
  for (const body of [{ model: 'a' }, { model: 'a', stream: false }, { model: 'a', stream: 'true' }, { model: 'a', options: { stream: true } }]) {
    const gateway = await virtualGateway(t, config)
    await silent(t, gateway, () => post(gateway.url, CHAT, body))
  }
})

// llama-swap: loading_test.go, isLoadingPath (207), for which chat is the only one.
t.test('none where `stream: true` means no event stream', async (t) => {
  for (const path of ['/v1/embeddings', '/v1/messages/count_tokens', '/v1/audio/speech', '/rerank', '/v1/images/generations']) {
    const gateway = await virtualGateway(t, config)
    await silent(t, gateway, () => post(gateway.url, path, streaming))
  }
})

t.test('none unless the config says so: the model\'s own word counts before the top level\'s', async (t) => {
  const off = await virtualGateway(t, { models: { a: virtualModel } })
  await silent(t, off, () => post(off.url, CHAT, streaming))
  const ownOff = await virtualGateway(t, { sendLoadingState: true, models: { a: { ...virtualModel, sendLoadingState: false } } })
  await silent(t, ownOff, () => post(ownOff.url, CHAT, streaming))
  const ownOn = await virtualGateway(t, { sendLoadingState: false, models: { a: { ...virtualModel, sendLoadingState: true } } })
  const stream = await post(ownOn.url, CHAT, streaming)
  t.ok(stream.headers['x-accel-buffering'])
  stream.leave()
})

t.test('none below /upstream', async (t) => {
  const gateway = await virtualGateway(t, config)
  await silent(t, gateway, () => post(gateway.url, `/upstream/a${CHAT}`, streaming))
})

t.test('none for a peer\'s model', async (t) => {
  const origin = await serve(t, answer)
  const { url } = await virtualGateway(t, { ...config, peers: { p: { proxy: origin, models: ['far'] } } })
  const stream = await post(url, CHAT, { ...streaming, model: 'far' })
  t.equal(await stream.ended, 'whole')
  t.equal(stream.text(), ANSWER)
})

t.test('none, and no timer, for a model that is ready', async (t) => {
  const { url, clock, started } = await virtualGateway(t, config)
  const cold = post(url, CHAT, { model: 'a' })
  ;(await started(1)).placeAt(await serve(t, answer))
  await (await cold).ended
  const { timers } = clock
  let made = 0
  const after = clock.after.bind(clock)
  clock.after = (...values) => {
    made++
    return after(...values)
  }
  const stream = await post(url, CHAT, streaming)
  t.equal(await stream.ended, 'whole')
  t.equal(stream.text(), ANSWER)
  t.ok(clock.timers <= timers + 1)
  t.ok(made <= 1, 'the scheduler\'s own, if any')
})

t.test('none for HEAD', async (t) => {
  const { url, started } = await virtualGateway(t, config)
  const head = fetch(`${url}/v1/audio/voices?model=a&stream=true`, { method: 'HEAD' })
  ;(await started(1)).placeAt(await serve(t, answer))
  t.equal((await head).headers.get('x-own'), '1')
})

// llama-swap: ConcurrencyLimitRejectsBeforeLoadingStream (base_test.go:565).
t.test('what is refused at once has its real status', async (t) => {
  const gateway = await virtualGateway(t, { ...config, models: { a: { ...virtualModel, concurrencyLimit: 2 } }, routing: { scheduler: { settings: { fair: { maxQueue: 3 } } } } })
  const { url } = gateway
  const held = await Promise.all([post(url, CHAT, streaming), post(url, CHAT, streaming)])
  await until(() => waiting(gateway, 'a') === 2)
  const refused = await post(url, CHAT, streaming)
  await refused.ended
  t.equal(refused.status, 429)
  t.match(refused.headers, { 'content-type': /^application\/json/, 'retry-after': /\d/ })
  t.match(JSON.parse(refused.text()), { src: 'llama-swap', error: { type: 'rate_limit_error', code: 'too_many_requests' } })

  const unknown = await post(url, CHAT, { ...streaming, model: 'c' })
  await unknown.ended
  t.equal(unknown.status, 404)
  for (const { text } of [refused, unknown]) t.notMatch(text(), 'loading model')
  for (const stream of held) stream.leave()

  void gateway.manager.drain()
  const closing = await post(url, CHAT, streaming)
  t.equal(closing.status, 503)
})

t.test('a full queue, and a model that cools down: 503', async (t) => {
  const { url, started } = await virtualGateway(t, { ...config, routing: { scheduler: { settings: { fair: { maxQueue: 1 } } } } })
  const held = await post(url, CHAT, streaming)
  t.equal((await post(url, CHAT, { ...streaming, model: 'b' })).status, 503)
  ;(await started(1)).die()
  await held.shows('"error"')
  await held.ended
  const cooling = await post(url, CHAT, streaming)
  t.equal(cooling.status, 503)
  await cooling.shows('cooling_down')
})
