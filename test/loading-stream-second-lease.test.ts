// A server that refuses a request that was granted: the client, who has seen the wait end, sees another one.
import t from 'tap'
import type { Test } from 'tap'
import { until } from './helper/app.ts'
import { holdings } from './helper/loading-holdings.ts'
import { serve } from './helper/silent-server.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import { dataIn, post, reasoningIn } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Answers with a short stream. */
const answered = (t: Test): Promise<string> => serve(t, (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER) })

t.test('a server that is dead already when it is granted: the wait for the next one is shown as well', async (t) => {
  const gateway = await virtualGateway(t, config)
  const held = holdings(gateway)
  const { url, clock, started } = gateway
  const stream = await post(url, CHAT, streaming)
  await stream.shows('starting')
  // Nobody listens there.
  const dead = await started(1)
  dead.placeAt('http://127.0.0.1:1')
  await stream.shows('Done!')
  dead.die()
  const next = await started(2)
  await until(() => held.timers === 1)
  clock.advance(1000)
  await stream.shows('"."')
  next.placeAt(await answered(t))
  t.equal(await stream.ended, 'whole')
  t.match(reasoningIn(stream.text()), /^(━━━━━\nllama-swap loading model: a\n\n[^━]*\nDone! \(\d\.\d\ds\)\n━━━━━\n \n){2}$/)
  t.equal(dataIn(stream.text()).filter(({ choices }) => choices?.[0]?.delta?.role !== undefined).length, 1)
  t.ok(stream.text().endsWith(ANSWER))
  t.strictSame(held, { timers: 0, listeners: 0 })
  await until(() => gateway.requests.length === 1)
  t.match(gateway.requests, [{ outcome: 'completed', status: 200 }])
})

t.test('a server that lives and accepts nothing: it is said once that the wait is over', async (t) => {
  const { url, clock, started } = await virtualGateway(t, config)
  const stream = await post(url, CHAT, streaming)
  ;(await started(1)).placeAt('http://127.0.0.1:1')
  await stream.shows('Done!')
  // Its exit might be noticed late; then it is asked a second time.
  await until(() => {
    clock.advance(10)
    return stream.text().includes('"error"')
  })
  t.equal(await stream.ended, 'cut')
  t.equal(stream.text().match(/Done!/g)?.length, 1)
  t.match(dataIn(stream.text()).at(-1), { error: { code: 'upstream_unreachable' } })
})

t.test('a warm server that is dead: the stream begins with the wait for the next one', async (t) => {
  const { url, started } = await virtualGateway(t, config)
  const origin = await answered(t)
  const first = await post(url, CHAT, streaming)
  const dead = await started(1)
  dead.placeAt(origin)
  await first.ended
  dead.die()
  const stream = await post(url, CHAT, streaming)
  ;(await started(2)).placeAt(origin)
  t.equal(await stream.ended, 'whole')
  t.match(reasoningIn(stream.text()), /^━━━━━\nllama-swap loading model: a\n/)
})
