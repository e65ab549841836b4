import t from 'tap'
import type { Test } from 'tap'
import { isAlive, until } from '../helper/app.ts'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const server = await serverOrSkip(t)
if (server !== undefined) {
  const files = models()
  // The default grace and 2 s. A real server that hears SIGTERM with a stream open may need a second one, half-way through the grace.
  const STOP_BOUND = 12_000
  // Room for a stream of 20 seconds and more.
  const endless = command(server, files.endless, { context: 16_384 })
  const status = ({ app }: Streaming) => app.llamaSwap.status().models[0]!

  type Streaming = Awaited<ReturnType<typeof startStream>>

  /** An app with a stream that is well under way. */
  async function startStream (t: Test, setup: Parameters<typeof startReal>[2] = {}) {
    const test = await startReal(t, { endless }, setup)
    const controller = new AbortController()
    const stream = await test.client.chat.completions.create(
      { model: 'endless', messages: [{ role: 'user', content: 'hello' }], max_tokens: 16_000, stream: true }, { signal: controller.signal })
    let pieces = 0
    let ended = false
    const read = async (): Promise<void> => { for await (const { choices } of stream) if (choices[0]?.delta.content) pieces++ }
    const end = read().then(() => undefined, (error: Error) => error).finally(() => { ended = true })
    await until(() => pieces >= 20 || ended)
    const { pid, leases } = test.app.llamaSwap.status().models[0]!
    t.equal(leases, 1)
    return { ...test, pid: pid!, /** The error that the client saw; `undefined` for a clean end. */ end, leave: () => controller.abort() }
  }

  t.test('a forced unload while a stream runs: the client sees an error, and the process is gone', async (t) => {
    const test = await startStream(t)
    const since = performance.now()
    await test.app.llamaSwap.unload('endless', { force: true })
    const took = performance.now() - since
    t.comment(`unloaded after ${took.toFixed(0)} ms`)
    t.ok(took < STOP_BOUND)
    t.notOk(isAlive(test.pid), 'the process is gone')
    const error = await test.end
    t.ok(error, `no clean end: ${error?.message}`)
    t.match(status(test), { state: 'stopped', leases: 0 })
    await test.app.llamaSwap.load('endless')
    t.equal(status(test).state, 'ready', 'and it can be started again')
  })

  t.test('close while a stream runs returns within its bound and leaves no process', async (t) => {
    const test = await startStream(t, { drainTimeout: 300 })
    const since = performance.now()
    await test.app.close()
    const took = performance.now() - since
    t.comment(`closed after ${took.toFixed(0)} ms, of which 300 drain`)
    t.ok(took < 300 + STOP_BOUND)
    t.notOk(isAlive(test.pid), 'the process is gone')
    const error = await test.end
    t.ok(error, `no clean end: ${error?.message}`)
  })

  t.test('a client that leaves mid-stream frees the lease, and the server takes the next request', async (t) => {
    const test = await startStream(t)
    const since = performance.now()
    test.leave()
    await until(() => status(test).leases === 0)
    t.comment(`lease free after ${(performance.now() - since).toFixed(0)} ms`)
    await test.end
    // Its only slot: this is answered once the abandoned stream no longer runs, long before that would have ended by itself.
    await test.client.chat.completions.create({ model: 'endless', messages: [{ role: 'user', content: 'hello' }], max_tokens: 1 })
    t.comment(`slot free after ${(performance.now() - since).toFixed(0)} ms`)
    t.ok(performance.now() - since < 5000)
    t.equal(status(test).pid, test.pid, 'the same server')
    t.strictSame(test.states, ['endless stopped>starting', 'endless starting>ready'])
  })
}
