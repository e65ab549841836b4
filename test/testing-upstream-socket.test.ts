// The test upstream on a Unix socket.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamStats } from 'fastify-llama-swap/testing'
import { launch } from './helper/upstream.ts'

// Not in t.testdir(): a socket's path has to be short.
function path (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'up-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 's')
}

function ask (socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, (response) => resolve(json(response))).once('error', reject).end()
  })
}

t.test('answers there, and leaves nothing behind', async (t) => {
  const socket = path(t)
  const up = await launch(t, { socket, name: 'sock' })
  await up.event('ready')
  t.match(await ask(socket, '/health'), { status: 'ok', name: 'sock' })
  t.match(await ask(socket, '/echo/x'), { url: '/echo/x', upstream: { name: 'sock' } })
  t.match(await upstreamStats({ socket }), { name: 'sock', served: 1, pid: up.child.pid })
  up.child.kill('SIGTERM')
  t.strictSame(await up.exited, [0, null])
  t.notOk(existsSync(socket))
})

t.test('takes over from a server that was killed', async (t) => {
  const socket = path(t)
  const first = await launch(t, { socket, name: 'first' })
  await first.event('ready')
  first.child.kill('SIGKILL')
  await first.exited
  t.ok(existsSync(socket), 'it had no time to tidy up')
  const second = await launch(t, { socket, name: 'second' })
  await second.event('ready')
  t.match(await ask(socket, '/health'), { name: 'second' })
})

t.test('leaves alone what is in use', async (t) => {
  const socket = path(t)
  const first = await launch(t, { socket, name: 'first' })
  await first.event('ready')
  const second = await launch(t, { socket, name: 'second' })
  t.strictSame(await second.exited, [1, null])
  await second.closed
  t.match(second.stderr(), /EADDRINUSE.*s\n/)
  t.match(await ask(socket, '/health'), { name: 'first' })
})

t.test('leaves alone what is no socket', async (t) => {
  const socket = path(t)
  writeFileSync(socket, 'precious')
  const up = await launch(t, { socket })
  t.strictSame(await up.exited, [1, null])
  t.ok(existsSync(socket))
})

t.test('leaves its successor\'s socket alone', async (t) => {
  const socket = path(t)
  const first = await launch(t, { socket, termDelayMs: 2000 })
  await first.event('ready')
  first.child.kill('SIGTERM')
  await first.event('sigterm')
  const second = await launch(t, { socket, name: 'second' })
  await second.event('ready')
  t.notOk(first.events().some(({ event }) => event === 'exit'), 'the first one still runs')
  await first.exited
  t.match(await ask(socket, '/health'), { name: 'second' })
})
