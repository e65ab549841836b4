import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'

t.test('three lives in a row: each is ready, serves, and is a process of its own', async (t) => {
  const { app, chat, states, pids } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  for (let life = 1; life <= 3; life++) {
    t.match(await (await chat('a')).json(), { upstream: { name: 'a' } })
    await app.llamaSwap.load('a')
    t.equal(app.llamaSwap.status().models[0]!.state, 'ready', 'loaded again, it stays as it is')
    await app.llamaSwap.unload('a')
    await app.llamaSwap.unload('a')
    t.equal(pids.size, life)
    t.equal(states.length, 4 * life, 'no event for what changed nothing')
  }
})

t.test('a request that comes while a deaf server is being stopped waits for its end, and gets a fresh one', async (t) => {
  const { app, chat, states, pids } = await startApp(t, { unloadTimeout: 1, models: { a: { cmd: upstreamCommand({ name: 'a', ignoreSigterm: true }) } } })
  await app.llamaSwap.load('a')
  const stopped = app.llamaSwap.unload('a')
  await until(() => app.llamaSwap.status().models[0]!.state === 'stopping')
  const response = await chat('a')
  t.match(await response.json(), { upstream: { name: 'a' } })
  await stopped
  t.equal(pids.size, 2)
  t.strictSame(states, ['a stopped>starting', 'a starting>ready', 'a ready>stopping', 'a stopping>stopped', 'a stopped>starting', 'a starting>ready'])
})

t.test('after the end of the app nothing is started any more', async (t) => {
  const { app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  for (let i = 0; i < 3; i++) await app.llamaSwap.load('a')
  await app.close()
  t.equal(app.llamaSwap.status().models[0]!.state, 'shutdown')
  await t.rejects(app.llamaSwap.load('a'), { code: 'FST_LS_CLOSING' })
})
