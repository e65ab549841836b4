// A loading stream ends in one of four ways: granted, failed, client gone, gateway closing. After any of them nothing more of it is written, and nothing of it is left.
import t from 'tap'
import type { Test } from 'tap'
import { connect } from 'node:http2'
import { Writable } from 'node:stream'
import type { FastifyServerOptions } from 'fastify'
import type { Ticket } from '../types/ticket.ts'
import { loadConfig } from '../lib/config/load.ts'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { settle } from './helper/virtual.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import type { VirtualGateway } from './helper/virtual-gateway.ts'
import { dataIn, post, reasoningIn } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel, b: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Counts what a loading stream holds: its timer, and its place among those who are told of changes. */
function holdings ({ clock, manager }: VirtualGateway): { timers: number, listeners: number } {
  const held = { timers: 0, listeners: 0 }
  const once = (undo: () => void): () => void => {
    let done = false
    return () => {
      if (!done) undo()
      done = true
    }
  }
  const after = clock.after.bind(clock)
  clock.after = (ms, fn) => {
    if (ms !== 1000) return after(ms, fn)
    held.timers++
    const gone = once(() => { held.timers-- })
    const cancel = after(ms, () => {
      gone()
      fn()
    })
    return () => {
      gone()
      cancel()
    }
  }
  const request = manager.request.bind(manager)
  manager.request = (...values) => {
    const ticket = request(...values)
    const onProgress = ticket.onProgress.bind(ticket)
    ticket.onProgress = (listener) => {
      held.listeners++
      const gone = once(() => { held.listeners-- })
      const leave = onProgress(listener)
      return () => {
        gone()
        leave()
      }
    }
    return ticket
  }
  return held
}

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
    const stream = http2 ? await postHttp2(t, gateway.url) : await post(gateway.url, CHAT, streaming)
    await until(() => stream.text().includes('starting'))
    const closed = gateway.proxy.close(0)
    gateway.clock.advance(0)
    await closed
    t.equal(await stream.ended, 'cut')
    t.equal(stream.text().match(/"error":/g)?.length, 1)
    t.match(stream.text(), /\n\ndata: \{"src":"llama-swap","error":.*\}\n\n$/)
  })
}

async function postHttp2 (t: Test, url: string): Promise<{ text: () => string, ended: Promise<'whole' | 'cut'>, pause: () => void, resume: () => void }> {
  const session = connect(url)
  t.teardown(() => session.destroy())
  const request = session.request({ ':method': 'POST', ':path': CHAT, 'content-type': 'application/json' })
  request.end(JSON.stringify(streaming))
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {})
  const ended = new Promise<'whole' | 'cut'>((resolve) => {
    request.once('close', () => resolve(request.rstCode === 0 ? 'whole' : 'cut'))
  })
  return { text: () => Buffer.concat(chunks).toString(), ended, pause: () => request.pause(), resume: () => request.resume() }
}

// -- Races -----------------------------------------------------------------------------------------------------------------

/** A gateway whose last ticket is in the test's hands, listener and all; it never lets go of a listener. A forgetful one does not know that it is settled. */
async function withTicket (t: Test, { forgetful = false } = {}): Promise<{ gateway: VirtualGateway, ticket: () => Ticket, change: (state: 'starting' | 'ready') => void }> {
  const gateway = await virtualGateway(t, config)
  let ticket!: Ticket
  let change!: (state: 'starting' | 'ready') => void
  const request = gateway.manager.request.bind(gateway.manager)
  gateway.manager.request = (...values) => {
    ticket = request(...values)
    if (forgetful) Object.defineProperty(ticket, 'settled', { value: false })
    const onProgress = ticket.onProgress.bind(ticket)
    ticket.onProgress = (listener) => {
      change = (state) => listener({ position: 1, state, reason: 'late', elapsed: 0 })
      return onProgress(listener)
    }
    return ticket
  }
  return { gateway, ticket: () => ticket, change: (state) => change(state) }
}

/** Ends the answer of the only server there is with a stream of its own. */
const answered = (t: Test): Promise<string> => serve(t, (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER) })

/** What was said from `Done!` on. */
const sinceDone = (text: string): string => text.slice(text.lastIndexOf('data:', text.indexOf('Done!')))
const DONE = /^data: .*\\nDone! \(0\.00s\)\\n━━━━━\\n \\n"\}.*\n\n/

t.test('a tick, or a change of state, right after the grant and before the word of it', async (t) => {
  for (const late of ['tick', 'change'] as const) {
    const { gateway, ticket, change } = await withTicket(t)
    const stream = await post(gateway.url, CHAT, streaming)
    await stream.shows('starting')
    const handle = await gateway.started(1)
    const progress = t.capture(ticket(), 'progress')
    // In the very turn of the grant: nobody who waits for it has run yet.
    gateway.manager.request = () => { throw new Error('no other') }
    const grant = ticket() as unknown as { grant: (lease: unknown) => void }
    const original = grant.grant.bind(grant)
    let wasSettled = false
    grant.grant = (lease) => {
      original(lease)
      wasSettled = ticket().settled
      if (late === 'tick') gateway.clock.advance(1000)
      else change('starting')
    }
    handle.placeAt(await answered(t))
    t.equal(await stream.ended, 'whole')
    t.ok(wasSettled)
    t.strictSame(progress(), [], 'it is not even asked')
    t.match(sinceDone(stream.text()), /^data: .*Done!.*\n\ndata: \{"id":"1"/)
    t.notMatch(reasoningIn(stream.text()), /\.\n|late/)
  }
})

t.test('a tick, or a change of state, after the word of it', async (t) => {
  const { gateway, change } = await withTicket(t, { forgetful: true })
  const stream = await post(gateway.url, CHAT, streaming)
  await stream.shows('starting')
  const origin = await serve(t, (_request, response) => {
    change('starting')
    gateway.clock.advance(5000)
    change('ready')
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER)
  })
  ;(await gateway.started(1)).placeAt(origin)
  t.equal(await stream.ended, 'whole')
  t.equal(sinceDone(stream.text()).replace(DONE, ''), ANSWER)
})

t.test('a grant in the middle of a tick', async (t) => {
  const { gateway, ticket } = await withTicket(t)
  const stream = await post(gateway.url, CHAT, streaming)
  await stream.shows('starting')
  const handle = await gateway.started(1)
  const origin = await answered(t)
  const progress = ticket().progress.bind(ticket())
  let asked = 0
  ticket().progress = () => {
    asked++
    handle.placeAt(origin)
    return progress()
  }
  gateway.clock.advance(1000)
  t.equal(await stream.ended, 'whole')
  t.equal(asked, 1)
  t.match(reasoningIn(stream.text()), /starting \(0\.00s\) \.\nDone! \(1\.00s\)\n━━━━━\n \n$/, 'the tick is before it')
  t.ok(stream.text().endsWith(ANSWER))
})

t.test('a failure, or the end of the client, with a tick or a change right after it', async (t) => {
  for (const how of ['fail', 'leave', 'close'] as const) {
    const { gateway, ticket, change } = await withTicket(t, { forgetful: how !== 'fail' })
    const stream = await post(gateway.url, CHAT, streaming)
    await stream.shows('starting')
    if (how === 'fail') {
      ticket().cancel(new Error('as it happens'))
      gateway.clock.advance(1000)
      change('starting')
      t.equal(await stream.ended, 'cut')
      t.match(stream.text(), /\n\ndata: \{"src":"llama-swap","error":.*\}\n\n$/)
      t.notMatch(stream.text(), 'as it happens', 'nor what is none of the client\'s business')
      t.notMatch(reasoningIn(stream.text()), /\.$|late/)
    } else if (how === 'leave') {
      stream.leave()
      await until(() => gateway.requests.length === 1)
      change('starting')
      gateway.clock.advance(1000)
    } else {
      const closed = gateway.proxy.close(0)
      gateway.clock.advance(0)
      change('starting')
      gateway.clock.advance(1000)
      await closed
      t.equal(await stream.ended, 'cut')
      t.match(stream.text(), /\n\ndata: \{"src":"llama-swap","error":.*\}\n\n$/)
    }
    await settle()
    change('starting')
    gateway.clock.advance(1000)
  }
})

// -- Backpressure ---------------------------------------------------------------------------------------------------------

for (const http2 of [false, true]) {
  t.test(`a client that reads nothing for an hour holds no growing memory, and then gets its answer${http2 ? ' (HTTP/2)' : ''}`, async (t) => {
    // Its name is in each event: without a bound some 15 MB would be held.
    const name = 'a'.repeat(4000)
    let held = (): number => 0
    const gateway = await virtualGateway(t, { ...config, healthCheckTimeout: 7200, models: { [name]: { ...virtualModel, aliases: ['a'] } } }, {
      fastify: { http2 } as FastifyServerOptions,
      prepare (app) { app.addHook('onRequest', async (_request, { raw }) => { held = () => raw.writableLength }) }
    })
    const stream = http2 ? await postHttp2(t, gateway.url) : await post(gateway.url, CHAT, streaming)
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
  const stream = await postHttp2(t, gateway.url)
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
  stream.resume()
  t.equal(await stream.ended, 'cut')
})

// -- A second lease ----------------------------------------------------------------------------------------------------------

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
