import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { until } from './helper/app.ts'
import { canConnect } from './helper/upstream.ts'
import { startGateway } from './helper/websocket-gateway.ts'
import type { Gateway } from './helper/websocket-gateway.ts'

const compat = { ignoreWebsockets: true }
const status = ({ app }: Gateway, index = 0) => app.llamaSwap.status().models[index]!

t.test('holds its server while it is open: another model waits, and ttl does not run', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), ttl: 1 }, b: { cmd: upstreamCommand({ name: 'b' }) } } })
  const ws = await gateway.open()
  t.match(status(gateway), { leases: 1, state: 'ready' })
  const other = gateway.chat('b')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  t.match(status(gateway), { leases: 1, state: 'ready' })
  t.match(status(gateway, 1), { waiting: 1, state: 'stopped' })
  ws.send(Buffer.from([3, 232]), { opcode: 8 })
  t.equal((await other).status, 200)
  t.match(status(gateway), { leases: 0, state: 'stopped' })
})

// llama-swap: IgnoreWebsocketsRejectsModelUnlessReady
t.test('ignored, it starts no server and waits for none', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', neverReady: true }), compat } } })
  const refused = async (): Promise<void> => {
    const ws = await gateway.shake('/upstream/a/ws')
    t.equal(ws.status, 409)
    t.equal(JSON.parse((await ws.end()).rest).error.message, 'model a is not loaded; ignored websocket requests cannot start it')
  }
  await refused()
  t.strictSame(gateway.states, [])
  const loading = gateway.app.llamaSwap.load('a').catch(() => {})
  await until(() => status(gateway).state === 'starting')
  await refused()
  t.equal(status(gateway).waiting, 1)
  await gateway.app.llamaSwap.unload('a', { force: true })
  await loading
  t.equal(gateway.states.filter((state) => state === 'a stopped>starting').length, 1)
})

// llama-swap: IgnoreWebsocketsDoesNotBlockSwap
t.test('ignored, it ends when another model needs the room', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a', termDelayMs: 1000 }), compat }, b: { cmd: upstreamCommand({ name: 'b' }) } } })
  await gateway.app.llamaSwap.load('a')
  const ws = await gateway.open()
  t.equal(String((await ws.next()).data), 'hello from a')
  t.match(status(gateway), { leases: 0, state: 'ready' })
  const ended = ws.end().then(() => status(gateway).state)
  t.equal((await gateway.chat('b')).status, 200)
  t.not(await ended, 'stopped', 'before its server has ended')
  t.match(status(gateway), { state: 'stopped' })
})

// llama-swap: TTL_IgnoresWebsocket
t.test('ignored, it does not keep an idle server running', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), compat, ttl: 1 } } })
  await gateway.app.llamaSwap.load('a')
  const ws = await gateway.open()
  const talk = setInterval(() => ws.send('x'), 100)
  await ws.end()
  clearInterval(talk)
  await until(() => status(gateway).state === 'stopped')
  t.match(gateway.events.filter(({ to }) => to === 'stopping'), [{ cause: 'ttl' }])
})

t.test('ignored, it counts for nothing: not for concurrencyLimit, nor when the app drains or closes', async (t) => {
  const gateway = await startGateway(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }), compat, concurrencyLimit: 1 } } }, { drainTimeout: 30_000 })
  await gateway.app.llamaSwap.load('a')
  const sockets = [await gateway.open(), await gateway.open()]
  t.equal((await gateway.chat('a')).status, 200)
  await gateway.app.llamaSwap.drain()
  sockets[0]!.send('still open')
  await sockets[0]!.next()
  t.equal(String((await sockets[0]!.next()).data), 'still open')
  t.equal((await gateway.shake('/upstream/a/ws')).status, 503)
  const startedAt = performance.now()
  await gateway.app.close()
  t.ok(performance.now() - startedAt < 20_000, 'not for want of its end')
  for (const ws of sockets) await ws.end()
})

t.test('ComfyUI\'s are ignored, whatever its config says', async (t) => {
  const gateway = await startGateway(t, { models: { comfyui_auto: { cmd: upstreamCommand({ name: 'comfyui' }) } } })
  t.equal((await gateway.shake('/upstream/comfyui_auto/ws')).status, 409)
  t.equal((await gateway.shake('/comfyui/ws')).status, 409)
  await gateway.app.llamaSwap.load('comfyui_auto')
  const ws = await gateway.open('/comfyui/ws?clientId=1')
  t.equal(String((await ws.next()).data), 'hello from comfyui')
  t.match(status(gateway), { leases: 0 })
})

t.test('a server that has just died is not the one: the next is, and is waited for', async (t) => {
  const gateway = await startGateway(t)
  await gateway.app.llamaSwap.load('a')
  const { pid, origin } = status(gateway)
  process.kill(pid!, 'SIGKILL')
  // It may not have been noticed yet.
  await until(async () => !await canConnect(Number(new URL(origin!).port)))
  const ws = await gateway.open()
  t.equal(String((await ws.next()).data), 'hello from a')
  t.equal(gateway.states.filter((state) => state === 'a stopped>starting').length, 2)
})
