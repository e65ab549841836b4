import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { LogEvent } from '../index.ts'
import { createBus } from '../lib/events.ts'
import { followLogs } from '../lib/manager/follow-logs.ts'
import { startApp, until } from './helper/app.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

// What is held, not what a busy machine has not come to collect yet.
function heldBytes (): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

t.test('lines carry stream, time and model; no character is cut; a 10 MB line is bounded', { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'print.mjs')
  writeFileSync(script, `
    process.stdout.write('grüße '.repeat(3) + '\\n')
    process.stderr.write('to stderr\\n')
    process.stdout.write('ü'.repeat(5_000_000) + '\\nafter\\n')
    setInterval(() => {}, 1000)
  `)
  const { app } = await startApp(t, { models: { a: { cmd: `${process.execPath} ${script} \${PORT}`, checkEndpoint: 'none' } } })
  const lines: LogEvent[] = []
  app.llamaSwap.on('log', (event) => lines.push(event))
  await app.llamaSwap.load('a')
  await until(() => lines.some(({ line }) => line === 'after'))
  t.match(lines.find(({ line }) => line.startsWith('grüße')), { model: 'a', stream: 'stdout', line: 'grüße grüße grüße ', time: Number })
  t.match(lines.find(({ stream }) => stream === 'stderr'), { line: 'to stderr' })
  const long = lines.filter(({ line }) => line.startsWith('ü'))
  t.equal(long.reduce((sum, { line }) => sum + line.length, 0), 5_000_000)
  t.ok(long.every(({ line }) => /^ü+$/.test(line) && line.length <= 16 * 1024), 'in pieces, each whole')
  t.ok(app.llamaSwap.status().models[0]!.lastLines.length <= 20)
})

t.test('a child that writes as fast as it can neither blocks the gateway nor grows it', { timeout: 60_000 }, async (t) => {
  const { app, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', logFlood: true }) } } })
  let bytes = 0
  app.llamaSwap.on('log', ({ line }) => { bytes += line.length })
  t.equal((await chat('a')).status, 200)
  const held: number[] = []
  for (let i = 0; i < 40; i++) {
    t.equal((await chat('a')).status, 200)
    await new Promise((resolve) => setTimeout(resolve, 50))
    held.push(heldBytes())
  }
  t.ok(bytes > 1_000_000, `${bytes} bytes of log`)
  const grown = (from: number, to: number): number => Math.round((held[to]! - held[from]!) / 1024 / 1024)
  t.ok(grown(0, 39) < 16, `grew by ${grown(0, 39)} MB`)
  t.ok(grown(20, 39) < 8, `and by ${grown(20, 39)} MB in the second half: flat`)
})

t.test('who follows the log: history first, over restarts; then each line; until it leaves', async (t) => {
  const { app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', say: 'here is a' }) }, b: { cmd: upstreamCommand({ name: 'b', say: 'here is b' }) } } })
  await app.llamaSwap.load('a')
  await app.llamaSwap.unload('a')
  await app.llamaSwap.load('b')
  await app.llamaSwap.load('a')
  const all = app.llamaSwap.logs(undefined, { history: true })
  const models = new Set<string>()
  for await (const { model, missed } of all) {
    t.equal(missed, undefined)
    models.add(model)
    if (models.size === 2) break
  }
  t.strictSame(await all.next(), { value: undefined, done: true }, 'the loop has ended it')

  const lives: string[] = []
  const leave = new AbortController()
  const following = app.llamaSwap.logs('a', { history: true, signal: leave.signal })
  await app.llamaSwap.unload('a')
  for await (const { model, line } of following) {
    t.equal(model, 'a')
    lives.push(line)
    if (lives.length === 2) leave.abort()
  }
  t.strictSame(lives, ['here is a', 'here is a'], 'both lives of the server')
  t.throws(() => app.llamaSwap.logs('nobody'), { code: 'FST_LS_MODEL_NOT_FOUND' })

  const waiting = app.llamaSwap.logs('a').next()
  await app.close()
  t.strictSame(await waiting, { value: undefined, done: true }, 'the end of the app ends it')
})

t.test('a slow reader misses lines and is told how many; nothing is lost in between', async (t) => {
  const bus = createBus((error) => t.fail(error as Error))
  const lines = followLogs(bus, { model: 'a', history: [], signal: new AbortController().signal })
  const print = (n: number, model = 'a'): void => bus.emit('log', { model, stream: 'stdout', time: 0, line: `${n}`.padEnd(1023) })
  const read = async (): Promise<[n: number, missed: number]> => {
    const { value } = await lines.next()
    return [Number(value!.line), value!.missed ?? 0]
  }
  const early = [read(), read()]
  for (let n = 1; n <= 2; n++) print(n)
  t.strictSame(await Promise.all(early), [[1, 0], [2, 0]], 'who asks ahead is served in order')
  for (let n = 3; n <= 200; n++) print(n)
  print(0, 'b')
  t.strictSame(await read(), [101, 98])
  t.strictSame(await read(), [102, 0])
  print(201)
  t.strictSame(await read(), [103, 0], 'what was read makes room')
  await lines.return!()
  print(202)
  t.strictSame(await lines.next(), { value: undefined, done: true })
})
