import { readFileSync } from 'node:fs'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'
import { times } from './helper/full.ts'

const PACED = times(10_000)

t.test('a crash while ready: the lease\'s signal aborts, streams end visibly, status tells the cause and the last lines', async (t) => {
  const { app, chat, events } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', say: 'last words' }) } } })
  const lease = await app.llamaSwap.acquire('a')
  const stream = await chat('a', { stream: true, fault: { chunks: 100_000, chunkMs: 5 } })
  const reading = t.rejects(stream.text())
  const { pid } = app.llamaSwap.status().models[0]!
  const killedAt = performance.now()
  process.kill(pid!, 'SIGKILL')
  await until(() => app.llamaSwap.status().models[0]!.state !== 'ready')
  t.comment(`the exit was noticed after ${(performance.now() - killedAt).toFixed(1)} ms`)
  await until(() => lease.signal.aborted)
  t.match(lease.signal.reason, { code: 'FST_LS_CRASHED' })
  await reading
  await until(() => app.llamaSwap.status().models[0]!.state === 'stopped')
  t.match(app.llamaSwap.status().models[0], { lastError: /ended by SIGKILL[^]*last words/, lastLines: ['last words'] })
  t.match(events.slice(-2), [{ to: 'stopping', cause: 'crash', error: { code: 'FST_LS_CRASHED' } }, { to: 'stopped', cause: 'crash' }])
  lease.release()
})

function isListening (port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  return ['/proc/net/tcp', '/proc/net/tcp6'].some((file) => readFileSync(file, 'utf8').split('\n').some((line) => line.includes(`${local}00000000`) && / 0A /.test(line)))
}

t.test('a request that finds its server dead, not yet noticed, is given a second lease', { skip: process.platform !== 'linux' }, async (t) => {
  const { app, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  await app.llamaSwap.load('a')
  const { pid } = app.llamaSwap.status().models[0]!
  process.kill(pid!, 'SIGKILL')
  // Without a turn of the event loop: it does not listen any more, and that cannot have been noticed.
  const port = Number(new URL(app.llamaSwap.status().models[0]!.origin!).port)
  while (isListening(port));
  const response = await chat('a')
  t.equal(response.status, 200)
  t.not(app.llamaSwap.status().models[0]!.pid, pid)
})

t.test('a request that the server may have seen fails, once, and is not sent again', async (t) => {
  const { chat, states } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  t.equal((await chat('a', { fault: { die: 'sigkill', dieBeforeHeaders: true } })).status, 502)
  await until(() => states.at(-1) === 'a stopping>stopped')
  t.equal(states.filter((state) => state === 'a stopped>starting').length, 1)
})

t.test('a model that cannot start cools down: 503 with Retry-After, no spawn, no eviction; load() tries at once', async (t) => {
  const { app, chat, states } = await startApp(t, { models: { good: { cmd: upstreamCommand({ name: 'good' }) }, bad: { cmd: upstreamCommand({ exitCode: 1 }) } } })
  await app.llamaSwap.load('good')
  t.equal((await chat('bad')).status, 502)
  await app.llamaSwap.load('good')
  const before = states.length
  const refused = await chat('bad')
  t.equal(refused.status, 503)
  t.match(refused.headers.get('retry-after'), /^[12]$/)
  t.match(await refused.json(), { error: { code: 'cooling_down', message: /exited with code 1; it will not be tried again for [12] s/ } })
  t.equal(states.length, before, 'nothing was started or stopped')
  t.equal(app.llamaSwap.status().models[1]!.state, 'ready', 'the healthy one is still there')
  await t.rejects(app.llamaSwap.load('bad'), { code: 'FST_LS_START_FAILED' })
  t.ok(states.length > before)
})

t.test('the first crash is forgiven; the next ones cool down', async (t) => {
  const { chat, states } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  const crash = async (): Promise<void> => {
    const count = states.filter((state) => state === 'a stopping>stopped').length
    await chat('a', { fault: { die: 'sigkill', dieBeforeHeaders: true } })
    await until(() => states.filter((state) => state === 'a stopping>stopped').length > count)
  }
  await crash()
  t.equal((await chat('a')).status, 200)
  await crash()
  const response = await chat('a')
  t.equal(response.status, 503)
  t.match(await response.json(), { error: { code: 'cooling_down' } })
})

t.test(`a server that closes idle sockets costs no client an error in ${PACED} paced requests`, { timeout: 300_000 }, async (t) => {
  const { chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  let failed = 0
  // Bursts with pauses: sockets are idle for all lengths of time around the server's limits.
  for (let sent = 0; sent < PACED; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, async () => {
      const response = await chat('a')
      await response.arrayBuffer()
      return response.status
    }))
    failed += answers.filter((status) => status !== 200).length
    await new Promise((resolve) => setTimeout(resolve, sent % 50))
  }
  t.equal(failed, 0)
})
