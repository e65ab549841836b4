import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import type { Test } from 'tap'
import { isAlive, until } from '../helper/app.ts'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

/** How many requests the gateway has sent to a server since. */
function sentTo (t: Test, origin: string): () => number {
  let count = 0
  const sent = (message: unknown): void => { if (String((message as { request: { origin: unknown } }).request.origin).startsWith(origin)) count++ }
  subscribe('undici:request:bodySent', sent)
  t.teardown(() => unsubscribe('undici:request:bodySent', sent))
  return () => count
}

const server = await serverOrSkip(t)
if (server !== undefined) {
  // The exit is noticed, or the end of the connection: whichever is first.
  const BROKEN_OFF = /^(crashed|upstream_truncated)$/
  const endless = command(server, models().endless, { context: 16_384 })

  t.test('SIGKILL mid-stream: the client sees the cut, the cause is a crash, the next request gets a fresh server', async (t) => {
    const { app, chat, client, events } = await startReal(t, { endless })
    const status = () => app.llamaSwap.status().models[0]!
    const question = { model: 'endless', messages: [{ role: 'user' as const, content: 'hello' }], max_tokens: 16_000, stream: true as const }
    await app.llamaSwap.load('endless')
    const pid = status().pid!

    const stream = await client.chat.completions.create(question)
    let pieces = 0
    const read = async (): Promise<void> => { for await (const { choices } of stream) if (choices[0]?.delta.content) pieces++ }
    const end = read().then(() => undefined, (error: Error) => error)
    await until(() => pieces >= 20)
    // Queued in the server, which has one slot: it has seen all of it, and given not one byte of an answer yet.
    const sent = sentTo(t, status().origin!)
    const waiting = chat('endless', { ...question, stream: false, max_tokens: 1 })
    await until(() => sent() === 1)
    const since = performance.now()
    process.kill(pid, 'SIGKILL')

    t.match(await end, { code: BROKEN_OFF, type: 'server_error' }, 'the official client throws')
    console.error(`client told after ${(performance.now() - since).toFixed(0)} ms`)
    const failed = await waiting
    t.equal(failed.status, 502, 'the one that had no answer yet')
    t.match(await failed.json(), { error: { code: /^(crashed|upstream_failed)$/ } })
    t.notOk(isAlive(pid))
    await until(() => status().state === 'stopped')
    t.match(events.slice(-2), [
      { from: 'ready', to: 'stopping', cause: 'crash', error: { code: 'FST_LS_CRASHED' } },
      { from: 'stopping', to: 'stopped', cause: 'crash' }
    ])
    t.match(status(), { leases: 0, lastError: /ended by SIGKILL/ })

    const again = await client.chat.completions.create({ ...question, stream: false, max_tokens: 1 })
    t.equal(again.choices[0]!.finish_reason, 'length')
    t.not(status().pid, pid)
    t.equal(status().state, 'ready')
  })

  t.test('the bytes of that stream: whole events, an error, no end mark, a cut connection', async (t) => {
    const { app, chat } = await startReal(t, { endless })
    const response = await chat('endless', { messages: [{ role: 'user', content: 'hello' }], max_tokens: 16_000, stream: true })
    const decoder = new TextDecoder()
    let text = ''
    const read = async (): Promise<void> => { for await (const chunk of response.body!) text += decoder.decode(chunk as Uint8Array, { stream: true }) }
    const end = t.rejects(read())
    await until(() => text.split('\n\n').length > 20)
    process.kill(app.llamaSwap.status().models[0]!.pid!, 'SIGKILL')
    await end
    t.match(text, /^(data: .+\n\n)+$/)
    t.match(JSON.parse(text.split('\n\n').at(-2)!.slice('data: '.length)), { error: { code: BROKEN_OFF } })
    t.notMatch(text, /\[DONE\]/)
  })
}
