// A loading stream ends in one of four ways: granted, failed, client gone, gateway closing. After any of them nothing more of it is written, and nothing of it is left.
import t from 'tap'
import { Writable } from 'node:stream'
import type { FastifyServerOptions } from 'fastify'
import { loadConfig } from '../lib/config/load.ts'
import { until } from './helper/app.ts'
import { holdings } from './helper/loading-holdings.ts'
import { serve } from './helper/silent-server.ts'
import { settle } from './helper/virtual.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import type { VirtualGateway } from './helper/virtual-gateway.ts'
import { dataIn, post, postHttp2 } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel, b: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Whatever could still write does its worst. */
async function provoke ({ clock, manager, started, handles }: VirtualGateway): Promise<void> {
  const other = manager.request({ kind: 'local', model: 'b', name: 'b' })
  await settle()
  for (let i = 0; i < 20; i++) {
    clock.advance(1000)
    await settle()
  }
  if (handles.length > 1) (await started(handles.length)).placeAt('http://127.0.0.1:1')
  await settle()
  other.cancel()
  await settle()
}

t.test('granted: the real stream, and not a word in between', async (t) => {
  let write!: (text: string) => void
  let end!: () => void
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    write = (text) => { response.write(text) }
    end = () => response.end()
  })
  const gateway = await virtualGateway(t, config)
  const held = holdings(gateway)
  const stream = await post(gateway.url, CHAT, streaming)
  await stream.shows('starting')
  t.strictSame(held, { timers: 1, listeners: 1 })
  ;(await gateway.started(1)).placeAt(origin)
  await stream.shows('Done!')
  t.strictSame(held, { timers: 0, listeners: 0 })
  await until(() => end !== undefined)
  const before = stream.text()
  write(ANSWER.slice(0, 20))
  await stream.shows(ANSWER.slice(0, 20))
  await provoke(gateway)
  write(ANSWER.slice(20))
  end()
  t.equal(await stream.ended, 'whole')
  t.equal(stream.text(), before + ANSWER)
})

for (const [path, form] of [
  [CHAT, /\n\ndata: (\{"src":"llama-swap","error":\{.*\}\})\n\n$/],
  ['/v1/completions', /\n: The server is starting \(0\.00s\) \n: The server is stopping \(0\.00s\) \ndata: (\{"src":"llama-swap","error":\{.*\}\})\n\n$/],
  ['/v1/messages', /\n\nevent: error\ndata: (\{"type":"error","error":\{"type":"api_error",.*\}\})\n\n$/]
] as const) {
  t.test(`failed (${path}): an error in the stream, and a cut connection`, async (t) => {
    const lines: string[] = []
    const logger = { level: 'warn', stream: new Writable({ write (line, _encoding, done) { lines.push(String(line)); done() } }) }
    const gateway = await virtualGateway(t, config, { fastify: { logger } })
    const held = holdings(gateway)
    const stream = await post(gateway.url, path, streaming)
    await stream.shows('starting')
    ;(await gateway.started(1)).die(3)
    t.equal(await stream.ended, 'cut')
    t.strictSame(held, { timers: 0, listeners: 0 })
    const [, json] = form.exec(stream.text()) ?? []
    t.match(JSON.parse(json!), { error: { message: 'the model "a" could not be started: it exited with code 3' } })
    t.equal(stream.text().match(/"error":/g)?.length, 1)
    await until(() => gateway.requests.length === 1)
    t.match(gateway.requests, [{ outcome: 'failed', status: 200, model: 'a' }])
    t.match(JSON.parse(lines[0]!), { err: { code: 'FST_LS_START_FAILED' } }, 'the operator is told')
    await provoke(gateway)
    t.equal(stream.text().match(/"error":/g)?.length, 1)
  })
}

t.test('failed: the deadline that `admit` gives, and a model that a reload removes', async (t) => {
  const { url, clock, manager } = await virtualGateway(t, config, { admit: () => ({ allow: true, deadline: 5000 }) })
  const late = await post(url, CHAT, streaming)
  await late.shows('starting')
  clock.advance(5000)
  t.equal(await late.ended, 'cut')
  t.match(dataIn(late.text()).at(-1), { error: { code: 'deadline' } })
  const removed = await post(url, CHAT, streaming)
  await removed.shows('starting')
  manager.reconfigure((await loadConfig({ models: { b: virtualModel } })).config, [])
  t.equal(await removed.ended, 'cut')
  t.match(dataIn(removed.text()).at(-1), { error: { code: 'model_not_found' } })
})

// llama-swap: loading_test.go, stops on cancel (76): there with a last word to nobody.
t.test('the client gone: it leaves the queue; another keeps its stream', async (t) => {
  const gateway = await virtualGateway(t, config)
  const held = holdings(gateway)
  const stream = await post(gateway.url, CHAT, streaming)
  const other = await post(gateway.url, CHAT, streaming)
  await other.shows('starting')
  t.strictSame(held, { timers: 2, listeners: 2 })
  stream.leave()
  await until(() => gateway.requests.length === 1)
  t.match(gateway.requests, [{ outcome: 'cancelled', status: 200 }])
  t.strictSame(held, { timers: 1, listeners: 1 })
  gateway.clock.advance(1000)
  await other.shows('"."')
  t.equal(gateway.manager.status().models[0]!.waiting, 1)
  other.leave()
  await until(() => held.timers === 0)
  t.strictSame(held, { timers: 0, listeners: 0 })
  await provoke(gateway)
})

t.test('the gateway closing: an error at once, and nothing is waited for', async (t) => {
  const gateway = await virtualGateway(t, config)
  const held = holdings(gateway)
  const stream = await post(gateway.url, CHAT, streaming)
  await stream.shows('starting')
  void gateway.manager.drain()
  await gateway.proxy.close(60_000)
  t.equal(await stream.ended, 'cut')
  t.strictSame(held, { timers: 0, listeners: 0 })
  t.match(dataIn(stream.text()).at(-1), { error: { code: 'closing' } })
  gateway.clock.advance(60_000)
  t.equal(stream.text().match(/"error":/g)?.length, 1)
})

for (const http2 of [false, true]) {
  // The end of an exchange cancels its ticket, whose failure ends the exchange.
  t.test(`cut short while it waits: one error, not two${http2 ? ' (HTTP/2)' : ''}`, async (t) => {
    const gateway = await virtualGateway(t, config, { fastify: { http2 } as FastifyServerOptions })
    const stream = http2 ? await postHttp2(t, gateway.url, CHAT, streaming) : await post(gateway.url, CHAT, streaming)
    await until(() => stream.text().includes('starting'))
    const closed = gateway.proxy.close(0)
    gateway.clock.advance(0)
    await closed
    t.equal(await stream.ended, 'cut')
    t.equal(stream.text().match(/"error":/g)?.length, 1)
    t.match(stream.text(), /\n\ndata: \{"src":"llama-swap","error":.*\}\n\n$/)
  })
}
