// What has made gateways of this kind hang, each with real servers.
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'

t.setTimeout(120_000)

const model = (options: Parameters<typeof upstreamCommand>[0] = {}) => ({ cmd: upstreamCommand(options) })

t.test('two clients that ask in turns for A and B do not lock each other out', async (t) => {
  const { chat } = await startApp(t, { models: { a: model({ name: 'a' }), b: model({ name: 'b' }) } })
  const client = async (name: string): Promise<number> => {
    let answers = 0
    for (let i = 0; i < 8; i++) {
      const response = await chat(name)
      t.match(await response.json(), { upstream: { name } })
      answers++
    }
    return answers
  }
  t.strictSame(await Promise.all([client('a'), client('b')]), [8, 8])
})

t.test('a load goes on when the client that asked for it leaves and another one waits', async (t) => {
  const { app, chat, states } = await startApp(t, { models: { a: model({ name: 'a', loadMs: 500 }), b: model({ name: 'b' }) } })
  const leaving = new AbortController()
  const first = chat('a', {}, { signal: leaving.signal }).then(() => 'answered', () => 'left')
  await until(() => app.llamaSwap.status().models[0]!.state === 'starting')
  const second = chat('a')
  await until(() => app.llamaSwap.status().models[0]!.waiting === 2)
  leaving.abort()
  t.equal(await first, 'left')
  t.equal((await second).status, 200)
  t.strictSame(states, ['a stopped>starting', 'a starting>ready'])
})

t.test('a load that nobody waits for any more gives way to who needs the room, and only then', async (t) => {
  const { app, chat, states } = await startApp(t, { models: { a: model({ name: 'a', loadMs: 60_000 }), b: model({ name: 'b' }) } })
  const leaving = new AbortController()
  const gone = chat('a', {}, { signal: leaving.signal }).catch(() => {})
  await until(() => app.llamaSwap.status().models[0]!.state === 'starting')
  leaving.abort()
  await gone
  await until(() => app.llamaSwap.status().models[0]!.waiting === 0)
  t.equal(app.llamaSwap.status().models[0]!.state, 'starting', 'the load goes on')
  t.equal((await chat('b')).status, 200)
  t.strictSame(states, ['a stopped>starting', 'a starting>stopping', 'a stopping>stopped', 'b stopped>starting', 'b starting>ready'])
})

t.test('an eviction wanted of a model that is still loading waits for its load and its request', async (t) => {
  const { chat, states } = await startApp(t, { models: { a: model({ name: 'a', loadMs: 300 }), b: model({ name: 'b' }) } })
  const [a, b] = await Promise.all([chat('a'), chat('b')])
  t.strictSame([a.status, b.status], [200, 200])
  t.strictSame(states, ['a stopped>starting', 'a starting>ready', 'a ready>stopping', 'a stopping>stopped', 'b stopped>starting', 'b starting>ready'])
})

t.test('a stop that takes 10 s holds up who needs its room, and nobody else', async (t) => {
  const groups = { x: { exclusive: false, members: ['a', 'b'] }, y: { exclusive: false, members: ['c'] } }
  const { app, chat } = await startApp(t, { unloadTimeout: 30, groups, models: { a: model({ name: 'a', termDelayMs: 10_000 }), b: model({ name: 'b' }), c: model({ name: 'c' }) } })
  await app.llamaSwap.load('a')
  const startedAt = performance.now()
  const b = chat('b')
  await until(() => app.llamaSwap.status().models[0]!.state === 'stopping')
  t.match(app.llamaSwap.status().models[1], { waiting: 1, waitsFor: 'waits for a to stop' })
  t.equal((await chat('c')).status, 200)
  t.ok(performance.now() - startedAt < 9000, 'c is served meanwhile')
  t.equal((await b).status, 200)
  t.ok(performance.now() - startedAt >= 9900)
})

t.test('a model that never becomes ready fails at its deadline; the other one is served then', async (t) => {
  const { chat } = await startApp(t, { healthCheckTimeout: 15, models: { a: model({ neverReady: true }), b: model({ name: 'b' }) } })
  const a = chat('a')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const b = chat('b')
  t.equal((await a).status, 504)
  t.equal((await b).status, 200)
})

t.test('an unload of one model does not hold up another', async (t) => {
  const groups = { all: { swap: false, members: ['a', 'b'] } }
  const { app, chat } = await startApp(t, { unloadTimeout: 30, groups, models: { a: model({ name: 'a', termDelayMs: 3000 }), b: model({ name: 'b' }) } })
  await app.llamaSwap.load('a')
  const unloading = app.llamaSwap.unload('a', { force: true })
  const startedAt = performance.now()
  t.equal((await chat('b')).status, 200)
  t.ok(performance.now() - startedAt < 2900)
  await unloading
})
