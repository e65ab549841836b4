import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { ModelInput } from '../index.ts'
import { startApp, until } from './helper/app.ts'

const model = (name: string, loadMs = 0): ModelInput => ({ cmd: upstreamCommand({ name, loadMs }) })
const together = { all: { swap: false, members: ['a', 'b', 'c'] } }

t.test('models are loaded one after the other, in their order, without holding up the start; one that fails holds up nobody', async (t) => {
  const { app, states, events } = await startApp(t, {
    groups: together,
    hooks: { on_startup: { preload: ['b', 'broken', 'a'] } },
    models: { a: model('a'), b: model('b', 200), c: model('c'), broken: { cmd: 'false ${PORT}' } }
  })
  t.notOk(states.includes('b starting>ready'), 'the app listens before')
  await until(() => app.llamaSwap.status().models.find((entry) => entry.model === 'a')!.state === 'ready')
  const loads = states.filter((state) => /stopped>starting|starting>ready/.test(state))
  t.strictSame(loads, ['b stopped>starting', 'b starting>ready', 'broken stopped>starting', 'a stopped>starting', 'a starting>ready'])
  t.ok(events.filter(({ model, to }) => model !== 'broken' && to === 'ready').every(({ cause }) => cause === 'preload'))
})

t.test('a request overtakes what is still to be preloaded', async (t) => {
  const { app, chat, states } = await startApp(t, {
    hooks: { on_startup: { preload: ['a', 'b'] } }, models: { a: model('a', 300), b: model('b'), c: model('c') }
  })
  t.match(await (await chat('c')).json(), { upstream: { name: 'c' } })
  await until(() => app.llamaSwap.status().models[1]!.state === 'ready')
  const ready = states.filter((state) => state.endsWith('starting>ready'))
  t.strictSame(ready, ['a starting>ready', 'c starting>ready', 'b starting>ready'])
})

t.test('closing while models are preloaded', async (t) => {
  const { app } = await startApp(t, { hooks: { on_startup: { preload: ['a', 'b'] } }, models: { a: model('a', 60_000), b: model('b') } })
  await until(() => app.llamaSwap.status().models[0]!.state === 'starting')
  await app.close()
  t.strictSame(app.llamaSwap.status().models.map(({ state }) => state), ['shutdown', 'shutdown'])
})
