import './helper/plain-children.ts'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamOptions } from 'fastify-llama-swap/testing'
import { isAlive, startApp, startPort, until } from './helper/app.ts'
import { times } from './helper/full.ts'

// Many gateways come and go, which takes its time on a busy machine; what must be quick has bounds of its own.
t.setTimeout(300_000)

const gateway = fileURLToPath(new URL('./helper/gateway.mjs', import.meta.url))
const ROUNDS = times(20)

interface Life { readonly child: ChildProcess, readonly pids: number[], readonly instance: string }

/** Starts a gateway with one app for each of these servers; resolves when all are loaded. */
async function live (t: Test, servers: string[], { instance = randomUUID() as string, then = 'live' } = {}): Promise<Life> {
  const apps = servers.map((cmd) => ({ startPort: startPort(), unloadTimeout: 1, models: { a: { cmd } } }))
  const child = spawn(process.execPath, [gateway, JSON.stringify({ apps, instance, then })], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
  await until(() => text.includes('\n') || child.exitCode !== null)
  const { pids } = JSON.parse(text) as { pids: number[] }
  return { child, pids, instance }
}

/** Every live process of an instance's servers, wherever it went. */
function servers (instance: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(` ${instance}\0`) && isAlive(pid)
    } catch {
      return false
    }
  })
}

async function goneWithin (t: Test, instance: string, ms: number): Promise<void> {
  const end = performance.now() + ms
  while (servers(instance).length > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  t.strictSame(servers(instance), [], `nothing is left ${ms} ms later`)
}

const command = (options: UpstreamOptions): string => upstreamCommand(options)
const kinds: Record<string, string[]> = {
  'three models': [command({}), command({}), command({})],
  'a server that ignores SIGTERM': [command({ ignoreSigterm: true })],
  'a server that forks, and the fork ignores SIGTERM': [command({ forkHoldingPipes: true, forkIgnoresSigterm: true })],
  'a shell wrapper': [`sh -c '${command({ ignoreSigterm: true }).replaceAll('"', '')} & wait'`]
}

for (const [name, commands] of Object.entries(kinds)) {
  t.test(`kill -9 of the gateway with ${name}: 0 alive 2 s later`, { skip: process.platform !== 'linux', timeout: 120_000 }, async (t) => {
    for (let round = 0; round < ROUNDS; round++) {
      const { child, instance, pids } = await live(t, commands)
      t.ok(pids.every(isAlive) && servers(instance).length >= commands.length)
      child.kill('SIGKILL')
      await goneWithin(t, instance, 2000)
    }
  })
}

for (const then of ['throw', 'exit']) {
  t.test(`after ${then === 'exit' ? 'process.exit' : 'an uncaught exception'} in the host nothing is left`, { skip: process.platform !== 'linux' }, async (t) => {
    const { instance } = await live(t, [command({}), command({ ignoreSigterm: true })], { then })
    await goneWithin(t, instance, 2000)
  })
}

t.test('after SIGKILL of gateway and guard together, the next start of the instance ends the leftovers and says so', { skip: process.platform !== 'linux' }, async (t) => {
  // The fork ignores SIGTERM and has no parent-death signal: only the guard would end it.
  const { child, instance } = await live(t, [command({ forkHoldingPipes: true, forkIgnoresSigterm: true })])
  const guards = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(child.pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/bin/sh\0-c\0')
    } catch {
      return false
    }
  })
  t.equal(guards.length, 1, 'one guard')
  for (const guard of guards) process.kill(Number(guard), 'SIGKILL')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const left = servers(instance)
  t.ok(left.length > 0, 'something was left')
  const warnings: string[] = []
  const { app } = await startApp(t, { models: { a: { cmd: command({}) } } }, {
    instance,
    fastify: { logger: { level: 'warn', stream: { write: (line: string) => { warnings.push(line) } } } }
  })
  await app.llamaSwap.load('a')
  for (const pid of left) t.notOk(isAlive(pid))
  t.match(warnings.join(''), /ended \d+ process\(es\) that an earlier life of this instance had left/)
})

t.test('a running gateway\'s servers, another instance\'s, and the host\'s own children are not touched', { skip: process.platform !== 'linux' }, async (t) => {
  const rival = await live(t, [command({})])
  const other = await live(t, [command({})])
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill())
  const warnings: string[] = []
  const { app } = await startApp(t, { models: { a: { cmd: command({}) } } }, {
    instance: rival.instance,
    fastify: { logger: { level: 'warn', stream: { write: (line: string) => { warnings.push(line) } } } }
  })
  await app.llamaSwap.load('a')
  await app.close()
  t.ok([...rival.pids, ...other.pids, child.pid!].every(isAlive))
  t.match(warnings.join(''), new RegExp(`another gateway of the same instance is running \\(pid ${rival.child.pid}\\)`))
})

t.test('the plugin installs no signal listener, and one exit listener', async (t) => {
  const before = process.eventNames().filter((name) => String(name).startsWith('SIG'))
  const exits = process.listenerCount('exit')
  await startApp(t, { models: {} })
  await startApp(t, { models: {} })
  t.strictSame(process.eventNames().filter((name) => String(name).startsWith('SIG')), before)
  t.ok(process.listenerCount('exit') - exits <= 1)
})
