import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startApp } from './helper/app.ts'
import { problemsOf } from './helper/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'llama-swap-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

t.test('a server on a Unix socket: started, probed, asked, swapped, stopped', async (t) => {
  const socket = (name: string): string => join(folder, `${name}.sock`)
  const model = (name: string) => ({ cmd: upstreamCommand({ name, loadMs: 50, socket: socket(name) }), proxy: `unix:${socket(name)}` })
  const { app, chat, states } = await startApp(t, { models: { a: model('a'), b: model('b') } })
  t.match(await (await chat('a')).json(), { upstream: { name: 'a' } })
  t.equal(app.llamaSwap.status().models[0]!.origin, `unix:${socket('a')}`)
  t.match(await (await chat('b', { stream: true, fault: { chunks: 2 } })).text(), /data: \[DONE\]\n\n$/)
  t.match(await (await app.llamaSwap.fetch('a', '/v1/chat/completions', { method: 'POST', body: '{"messages":[]}' })).json(), { upstream: { name: 'a' } })
  {
    using lease = await app.llamaSwap.acquire('a')
    t.equal(lease.socketPath, socket('a'))
  }
  t.strictSame(states.filter((state) => state.endsWith('>ready')), ['a starting>ready', 'b starting>ready', 'a starting>ready'])
})

t.test('each start may have a socket of its own, named by its port number', async (t) => {
  const socket = join(folder, 'p-${PORT}.sock')
  const { app, chat } = await startApp(t, { models: { a: { cmd: upstreamCommand({ name: 'a', socket }), proxy: `unix://${socket}` } } })
  t.equal((await chat('a')).status, 200)
  t.match(app.llamaSwap.status().models[0]!.origin, /^unix:\/.*p-\d+\.sock$/)
})

t.test('a path that cannot be one is refused with the config', async (t) => {
  const problems = async (proxy: string) => problemsOf({ models: { a: { cmd: 'server', proxy } } })
  t.match(await problems('unix:run/x.sock'), [/must be an absolute path/])
  t.match(await problems('unix:'), [/must be an absolute path/])
  t.match(await problems(`unix:/${'x'.repeat(200)}`), [/longer than 107 bytes/])
})
