import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { LogEvent } from '../index.ts'
import { startApp, until } from './helper/app.ts'

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
  const rss: number[] = []
  for (let i = 0; i < 20; i++) {
    t.equal((await chat('a')).status, 200)
    await new Promise((resolve) => setTimeout(resolve, 50))
    rss.push(process.memoryUsage().rss)
  }
  t.ok(bytes > 1_000_000, `${bytes} bytes of log`)
  // Where the collector gets no turn (a busy machine), the figure says nothing about us.
  if (process.env['FULL'] !== undefined) t.ok(rss.at(-1)! - rss[0]! < 64 * 1024 * 1024, `grew by ${Math.round((rss.at(-1)! - rss[0]!) / 1024 / 1024)} MB`)
})
