import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamEvent } from 'fastify-llama-swap/testing'
import type { ModelInput } from '../index.ts'
import { isAlive, startApp, until } from './helper/app.ts'

/** Loads a model, then stops it; says how long that took, and what the server recorded. */
async function stopOf (t: Test, model: Partial<ModelInput> & { cmd: string }, record?: string) {
  const { app, pids } = await startApp(t, { unloadTimeout: 1, models: { a: model } })
  await app.llamaSwap.load('a')
  const startedAt = performance.now()
  await app.llamaSwap.unload('a')
  const took = performance.now() - startedAt
  t.equal(app.llamaSwap.status().models[0]!.state, 'stopped')
  for (const pid of pids) t.notOk(isAlive(pid))
  const events = record === undefined ? [] : readFileSync(record, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as UpstreamEvent)
  return { took, events }
}

function folder (t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'stop-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

const BOUND = 1000 + 2000

t.test('a well-behaved server ends by SIGTERM, at once', async (t) => {
  const record = join(folder(t), 'record')
  const { took, events } = await stopOf(t, { cmd: upstreamCommand({ record }) }, record)
  t.comment(`stopped in ${took.toFixed(1)} ms`)
  t.equal(events.filter(({ event }) => event === 'sigterm').length, 1)
  t.ok(events.some(({ event }) => event === 'exit'), 'by itself: without SIGKILL')
})

t.test('a server that ignores SIGTERM is killed after the grace, within its bound', async (t) => {
  const { took } = await stopOf(t, { cmd: upstreamCommand({ ignoreSigterm: true }) })
  t.comment(`stopped in ${took.toFixed(1)} ms`)
  t.ok(took >= 990 && took < BOUND)
})

t.test('the grace is never cut short: a server that needs 0.6 s gets it, with one SIGTERM', async (t) => {
  const record = join(folder(t), 'record')
  const { took, events } = await stopOf(t, { cmd: upstreamCommand({ termDelayMs: 600, record }) }, record)
  t.ok(took >= 590)
  t.strictSame(events.map(({ event }) => event).filter((event) => event === 'sigterm' || event === 'exit'), ['sigterm', 'exit'])
})

t.test('a lost SIGTERM is sent again half-way, as the port still accepts', async (t) => {
  const record = join(folder(t), 'record')
  const { took, events } = await stopOf(t, { cmd: upstreamCommand({ loseSigterms: 1, record }) }, record)
  t.equal(events.filter(({ event }) => event === 'sigterm').length, 2)
  t.ok(took >= 490, 'half of the grace')
  t.ok(events.some(({ event }) => event === 'exit'), 'no SIGKILL')
})

// llama-swap gives it the healthCheckTimeout.
t.test('the grace is the same for a server that makes room for another', async (t) => {
  const { app, chat, events } = await startApp(t, { unloadTimeout: 1, healthCheckTimeout: 60, models: { deaf: { cmd: upstreamCommand({ ignoreSigterm: true }) }, b: { cmd: upstreamCommand() } } })
  await app.llamaSwap.load('deaf')
  t.equal((await chat('b')).status, 200)
  const stopped = events.find(({ model, to }) => model === 'deaf' && to === 'stopped')!
  t.match(stopped, { from: 'stopping', cause: 'evicted by b' })
  t.ok(stopped.duration >= 990 && stopped.duration < BOUND, `it took ${stopped.duration} ms`)
})

t.test('a server stopped by SIGSTOP is killed', async (t) => {
  const { app } = await startApp(t, { unloadTimeout: 1, models: { a: { cmd: upstreamCommand() } } })
  await app.llamaSwap.load('a')
  process.kill(app.llamaSwap.status().models[0]!.pid!, 'SIGSTOP')
  const startedAt = performance.now()
  await app.llamaSwap.unload('a')
  t.ok(performance.now() - startedAt < BOUND)
})

for (const forkIgnoresSigterm of [false, true]) {
  t.test(`a grandchild that keeps the pipes${forkIgnoresSigterm ? ' and ignores SIGTERM' : ''} is ended with its group`, async (t) => {
    const record = join(folder(t), 'record')
    const { took, events } = await stopOf(t, { cmd: upstreamCommand({ forkHoldingPipes: true, forkIgnoresSigterm, record }) }, record)
    t.ok(took < BOUND)
    const { child } = events.find(({ event }) => event === 'fork')!
    t.notOk(isAlive(child!))
  })
}

t.test('an exit is noticed with a grandchild holding the pipes; the rest of the group is then ended', async (t) => {
  const record = join(folder(t), 'record')
  const { app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ forkHoldingPipes: true, forkIgnoresSigterm: true, record }) } } })
  await app.llamaSwap.load('a')
  const { child } = readFileSync(record, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as UpstreamEvent).find(({ event }) => event === 'fork')!
  const killedAt = performance.now()
  process.kill(app.llamaSwap.status().models[0]!.pid!, 'SIGKILL')
  await until(() => app.llamaSwap.status().models[0]!.state !== 'ready')
  t.comment(`noticed after ${(performance.now() - killedAt).toFixed(1)} ms`)
  await until(() => app.llamaSwap.status().models[0]!.state === 'stopped')
  t.notOk(isAlive(child!))
})

t.test('a shell wrapper and what has left the group by setsid are ended too', { skip: process.platform !== 'linux' }, async (t) => {
  const file = join(folder(t), 'pid')
  const { took } = await stopOf(t, { cmd: `sh -c 'setsid sleep 60 & echo $! > ${file}; ${upstreamCommand().replaceAll('"', '')} & wait'` })
  const stray = Number(readFileSync(file, 'utf8'))
  t.ok(stray > 0 && !isAlive(stray))
  t.ok(took < BOUND)
})

t.test('cmdStop takes the place of SIGTERM; it knows the PID and has the model\'s environment', async (t) => {
  const path = folder(t)
  const record = join(path, 'record')
  const said = join(path, 'said')
  const script = join(path, 'stop.sh')
  writeFileSync(script, `#!/bin/sh\necho "$1 $MARK" > ${said}\nkill -INT "$1"\n`, { mode: 0o755 })
  const { events } = await stopOf(t, { cmd: upstreamCommand({ record }), cmdStop: `${script} \${PID}`, env: ['MARK=yes'] }, record)
  const [pid, mark] = readFileSync(said, 'utf8').trim().split(' ')
  t.equal(Number(pid), events[0]!.pid)
  t.equal(mark, 'yes')
  t.notOk(events.some(({ event }) => event === 'sigterm'))
})

t.test('a cmdStop that fails, is missing, or hangs', async (t) => {
  for (const cmdStop of ['false', '/no/such/program']) {
    const record = join(folder(t), 'record')
    const { events } = await stopOf(t, { cmd: upstreamCommand({ record }), cmdStop }, record)
    t.ok(events.some(({ event }) => event === 'sigterm'), `${cmdStop}: SIGTERM instead`)
    t.ok(events.some(({ event }) => event === 'exit'), 'and no SIGKILL')
  }
  const { took } = await stopOf(t, { cmd: upstreamCommand(), cmdStop: 'sleep 60' })
  t.ok(took >= 990 && took < BOUND, 'hanging: the grace is its timeout')
})

t.test('a cmdStop that ends before the server: both are waited for', async (t) => {
  const record = join(folder(t), 'record')
  const { took } = await stopOf(t, { cmd: upstreamCommand({ termDelayMs: 400, record }), cmdStop: 'sh -c "kill -TERM $0" ${PID}' }, record)
  t.ok(took >= 390)
})

t.test('programs that cannot be started are refused in words', async (t) => {
  const path = folder(t)
  const files: Record<string, [content: string | Buffer, mode: number, words: RegExp]> = {
    plain: ['echo hello\n', 0o755, /no program: it starts neither as one nor with a "#!" line/],
    locked: ['#!/bin/sh\n', 0o644, /is not executable/],
    orphaned: ['#!/no/such/interpreter\n', 0o755, /cannot run: its interpreter \/no\/such\/interpreter was not found/],
    windows: [Buffer.from('MZ\x90\x00'), 0o755, /is a Windows program, which does not run here/]
  }
  for (const [name, [content, mode]] of Object.entries(files)) writeFileSync(join(path, name), content, { mode })
  const models = Object.fromEntries(Object.keys(files).map((name) => [name, { cmd: `${join(path, name)} \${PORT}` }]))
  const { app } = await startApp(t, { models: { ...models, folder: { cmd: `${path} \${PORT}` }, absent: { cmd: 'surely-no-such-program ${PORT}' } } })
  for (const [name, [, , message]] of Object.entries(files)) await t.rejects(app.llamaSwap.load(name), { code: 'FST_LS_START_FAILED', message }, name)
  await t.rejects(app.llamaSwap.load('folder'), { message: /is a directory/ })
  await t.rejects(app.llamaSwap.load('absent'), { message: /surely-no-such-program was not found in PATH/ })
  t.notOk(existsSync(join(path, 'never')))
})
