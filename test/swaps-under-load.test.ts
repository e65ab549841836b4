// The five workloads of docs/scheduling.md with real servers, scaled down: nothing is lost, nothing is served twice, and every stream is whole.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { startApp } from './helper/app.ts'

t.setTimeout(120_000)

// Notes each request that it sees, and streams an answer that can be checked.
const SERVER = `
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
const [log, loadMs] = process.argv.slice(3)
const readyAt = Date.now() + Number(loadMs)
createServer(async (req, res) => {
  if (req.method === 'GET') return res.writeHead(Date.now() < readyAt ? 503 : 200).end()
  const { id, events } = JSON.parse(await new Response(req).text())
  appendFileSync(log, id + '\\n')
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let i = 0; i < events; i++) {
    res.write('data: ' + id + ' ' + i + '\\n\\n')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  res.end('data: [DONE]\\n\\n')
}).listen(Number(process.argv[2]), '127.0.0.1')
`

interface Arrival { readonly at: number, readonly model: string, readonly events: number }

async function play (t: Test, arrivals: readonly Arrival[], { loads = {} }: { loads?: Record<string, number> } = {}) {
  const folder = t.testdir({ 'server.mjs': SERVER })
  const log = join(folder, 'log')
  writeFileSync(log, '')
  const names = [...new Set(arrivals.map(({ model }) => model))]
  const cmd = (name: string): string => `"${process.execPath}" ${join(folder, 'server.mjs')} \${PORT} ${log} ${loads[name] ?? 20}`
  const { app, url, states } = await startApp(t, {
    models: Object.fromEntries(names.map((name) => [name, { cmd: cmd(name) }])),
    routing: { scheduler: { settings: { fair: { maxWait: 1, minResidency: 1 } } } }
  })
  const startedAt = performance.now()
  const waits = await Promise.all(arrivals.map(async ({ at, model, events }, id) => {
    await new Promise((resolve) => setTimeout(resolve, at))
    const sentAt = performance.now()
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model, id, events }) })
    const waited = performance.now() - sentAt
    const whole = Array.from({ length: events }, (_, i) => `data: ${id} ${i}\n\n`).join('') + 'data: [DONE]\n\n'
    const text = await response.text()
    if (text !== whole) t.equal(text, whole, `the stream of request ${id} is whole`)
    return { model, waited }
  }))
  const seen = readFileSync(log, 'utf8').trim().split('\n').map(Number).sort((a, b) => a - b)
  t.strictSame(seen, arrivals.map((_, id) => id), 'each request was served, once')
  t.equal(app.llamaSwap.status().models.reduce((sum, { leases, waiting }) => sum + leases + waiting, 0), 0)
  const loadsDone = states.filter((state) => state.endsWith('starting>ready')).length
  t.comment(`${arrivals.length} requests, ${loadsDone} loads, ${Math.round(performance.now() - startedAt)} ms; longest wait ${Math.round(Math.max(...waits.map(({ waited }) => waited)))} ms`)
  return { waits, loadsDone }
}

t.test('a steady A and a rare B: B is served too', async (t) => {
  // A is never idle: a request each 50 ms, each of which takes 100.
  const steady = Array.from({ length: 100 }, (_, i) => ({ at: i * 50, model: 'a', events: 10 }))
  const { waits } = await play(t, [...steady, { at: 1000, model: 'b', events: 2 }])
  const { waited } = waits.at(-1)!
  t.ok(waited < 4000, `B waited ${Math.round(waited)} ms, while A was asked for until 5,000`)
})

t.test('two busy models', async (t) => {
  const arrivals = Array.from({ length: 120 }, (_, i) => ({ at: i * 25, model: i % 2 === 0 ? 'a' : 'b', events: 3 }))
  const { loadsDone } = await play(t, arrivals)
  t.ok(loadsDone < 60, 'requests of one model share a load')
})

t.test('five models, some asked for more than others', async (t) => {
  const models = ['a', 'a', 'a', 'a', 'a', 'b', 'a', 'c', 'b', 'a', 'd', 'b', 'c', 'e', 'a']
  await play(t, Array.from({ length: 90 }, (_, i) => ({ at: i * 40, model: models[i % models.length]!, events: 2 })))
})

t.test('one slow loader', async (t) => {
  await play(t, Array.from({ length: 60 }, (_, i) => ({ at: i * 40, model: i % 6 === 0 ? 'slow' : 'a', events: 2 })), { loads: { slow: 800 } })
})

t.test('a burst of 500', async (t) => {
  const { loadsDone } = await play(t, Array.from({ length: 500 }, (_, i) => ({ at: 0, model: 'abcde'[i % 5]!, events: 1 })))
  t.ok(loadsDone <= 10, 'those of one model share a load; those that come later may need another')
})
