import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand, upstreamStats } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'

const status = ({ app }: TestApp, model: string) => app.llamaSwap.status().models.find((entry) => entry.model === model)!

/** Sends a request that the client gives up as soon as the condition holds. */
async function leave (t: Test, test: TestApp, model: string, body: object, when: () => boolean | Promise<boolean>): Promise<void> {
  const controller = new AbortController()
  const gone = t.rejects(test.chat(model, body, { signal: controller.signal }).then((response) => response.text()), { name: 'AbortError' })
  await until(when)
  controller.abort()
  await gone
}

const cancelled = async (test: TestApp, model: string): Promise<number> => (await upstreamStats(status(test, model).origin!)).cancelled
const active = async (test: TestApp, model: string): Promise<number> => (await upstreamStats(status(test, model).origin!)).active

t.test('a client that leaves while queued gives up its place; the others keep theirs', async (t) => {
  const test = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) }, b: { cmd: upstreamCommand({ name: 'b' }) } } })
  const stream = await test.chat('a', { stream: true, fault: { chunks: 30, chunkMs: 10 } })
  await leave(t, test, 'b', {}, () => status(test, 'b').waiting === 1)
  await until(() => status(test, 'b').waiting === 0)
  t.match(await stream.text(), /\[DONE\]/)
  t.notOk(test.states.includes('b stopped>starting'), 'B was never started')
})

t.test('the client that caused a load leaves; another gets its answer from the same load', async (t) => {
  const test = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', loadMs: 300 }) } } })
  let other: Promise<Response> | undefined
  await leave(t, test, 'a', {}, () => {
    if (status(test, 'a').state === 'starting') other ??= test.chat('a')
    return status(test, 'a').waiting === 2
  })
  t.equal((await other!).status, 200)
  t.strictSame(test.states, ['a stopped>starting', 'a starting>ready'])
})

t.test('a load that nobody waits for is stopped only when somebody needs the room', async (t) => {
  const test = await startApp(t, { models: { slow: { cmd: upstreamCommand({ neverReady: true }) }, b: { cmd: upstreamCommand({ name: 'b' }) } } })
  await leave(t, test, 'slow', {}, () => status(test, 'slow').state === 'starting')
  await until(() => status(test, 'slow').waiting === 0)
  t.equal(status(test, 'slow').state, 'starting', 'it goes on loading')
  t.equal((await test.chat('b')).status, 200)
  t.equal(status(test, 'slow').state, 'stopped')
})

for (const [phase, body] of [
  ['before the headers', { fault: { delayMs: 3_600_000 } }],
  ['before the headers of a stream', { stream: true, fault: { delayMs: 3_600_000 } }],
  ['before the first chunk', { stream: true, fault: { firstChunkDelayMs: 3_600_000 } }],
  ['mid-stream', { stream: true, fault: { chunks: 1_000_000, chunkMs: 2 } }]
] as const) {
  t.test(`a client that leaves ${phase} cancels the upstream request; others are untouched`, async (t) => {
    const test = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
    await test.app.llamaSwap.load('a')
    const other = test.chat('a', { stream: true, fault: { chunks: 40, chunkMs: 10 } }).then((response) => response.text())
    await leave(t, test, 'a', body, async () => await active(test, 'a') === 2)
    await until(async () => await cancelled(test, 'a') === 1)
    t.match(await other, /\[DONE\]/)
    await until(() => status(test, 'a').leases === 0)
  })
}

t.test('a client that leaves while it sends its body leaves nothing behind', async (t) => {
  const test = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } }, { bodyBudget: 10_000 })
  const net = await import('node:net')
  for (let i = 0; i < 5; i++) {
    const socket = net.connect(Number(new URL(test.url).port), '127.0.0.1')
    await new Promise<void>((resolve) => {
      socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"model":', () => resolve())
    })
    socket.destroy()
    await new Promise((resolve) => socket.once('close', resolve))
  }
  await until(async () => (await test.chat('a', { pad: 'x'.repeat(8000) })).status === 200)
  t.equal(status(test, 'a').leases, 0)
})
