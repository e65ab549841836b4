// The release fence of a loading stream, forced from both sides: what could write it comes exactly with its end, or after it.
import t from 'tap'
import type { Test } from 'tap'
import type { Ticket } from '../types/ticket.ts'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { settle } from './helper/virtual.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import type { VirtualGateway } from './helper/virtual-gateway.ts'
import { post, reasoningIn } from './helper/watched-stream.ts'

const CHAT = '/v1/chat/completions'
const streaming = { model: 'a', stream: true, messages: [] }
const config = { sendLoadingState: true, models: { a: virtualModel } }
const ANSWER = 'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

/** Answers with a short stream. */
const answered = (t: Test): Promise<string> => serve(t, (_request, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER) })

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
