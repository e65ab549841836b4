// A client that does not read costs nothing, neither memory nor time.
import t from 'tap'
import type { Test } from 'tap'
import type { FastifyServerOptions } from 'fastify'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { settle } from './helper/virtual.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import { post, postHttp2, reasoningIn } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Answers with a short stream. */
const answered = (t: Test): Promise<string> => serve(t, (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER) })

for (const http2 of [false, true]) {
  t.test(`a client that reads nothing for an hour holds no growing memory, and then gets its answer${http2 ? ' (HTTP/2)' : ''}`, async (t) => {
    // Its name is in each event: without a bound some 15 MB would be held.
    const name = 'a'.repeat(4000)
    let held = (): number => 0
    const gateway = await virtualGateway(t, { ...config, healthCheckTimeout: 7200, models: { [name]: { ...virtualModel, aliases: ['a'] } } }, {
      fastify: { http2 } as FastifyServerOptions,
      prepare (app) { app.addHook('onRequest', async (_request, { raw }) => { held = () => raw.writableLength }) }
    })
    const stream = http2 ? await postHttp2(t, gateway.url, CHAT, streaming) : await post(gateway.url, CHAT, streaming)
    await until(() => stream.text().includes('starting'))
    stream.pause()
    let most = 0
    for (let i = 0; i < 3600; i++) {
      gateway.clock.advance(1000)
      await settle()
      most = Math.max(most, held())
    }
    t.ok(most > 16_000, 'the client does not read')
    t.ok(most < 32_000, `${most} bytes were held`)
    ;(await gateway.started(1)).placeAt(await answered(t))
    await settle()
    stream.resume()
    t.equal(await stream.ended, 'whole')
    t.match(reasoningIn(stream.text()), /\nDone! \(3600\.00s\)\n━━━━━\n \n$/)
    t.ok(stream.text().endsWith(ANSWER))
  })
}

t.test('an answer whose end nobody reads does not hold up the close', async (t) => {
  const gateway = await virtualGateway(t, config, { fastify: { http2: true } as FastifyServerOptions })
  const stream = await postHttp2(t, gateway.url, CHAT, streaming)
  await until(() => stream.text().includes('starting'))
  stream.pause()
  // A little more than the 64 KiB that a paused client has room for.
  ;(await gateway.started(1)).placeAt(await serve(t, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let i = 0; i < 70; i++) {
      response.write(`data: ${'x'.repeat(1000)}\n\n`)
      await settle()
    }
    response.end()
  }))
  await until(() => gateway.manager.status().models[0]!.leases === 1)
  await until(() => gateway.manager.status().models[0]!.leases === 0)
  await settle()
  t.strictSame(gateway.requests, [], 'the gateway has it whole, the client has not')
  const closed = gateway.proxy.close(0)
  gateway.clock.advance(0)
  await closed
  t.match(gateway.requests, [{ outcome: 'truncated' }])
  stream.resume()
  t.equal(await stream.ended, 'cut')
})
