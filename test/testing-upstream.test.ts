// The test upstream: its command line and its life. Its answers, faults, forms, sockets and WebSockets have files of their own.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { upstreamCommand, upstreamStats } from 'fastify-llama-swap/testing'
import type { Fault, UpstreamOptions } from 'fastify-llama-swap/testing'
import { splitCommand } from '../lib/config/command.ts'
import { canConnect, chat, endGroup, exists, launch, milliseconds, post, split, until } from './helper/upstream.ts'

t.test('the command', async (t) => {
  const command = upstreamCommand({ name: 'a b', loadMs: 5, neverReady: true, healthHang: false })
  const words = split(command)
  t.equal(words[0], process.execPath)
  t.match(words[1], /upstream\.js$/)
  t.strictSame(words.slice(2), ['--port', '${PORT}', '--name=a b', '--load-ms=5', '--never-ready'], 'options are flags, the port is left open')
  t.ok(command.startsWith(`"${process.execPath}" "`), 'paths are quoted')
  t.strictSame(split(upstreamCommand({ port: 5 })).slice(2), ['--port', '5'], 'a port can be given')
  t.strictSame(split(upstreamCommand({ socket: '/tmp/a b.sock' })).slice(2), ['--socket=/tmp/a b.sock'], 'a socket takes the place of the port')
  t.strictSame(split(upstreamCommand({ port: 5, fault: { die: 'rst', headers: { 'x-a': '"' } } })).slice(4), ['--fault={"die":"rst","headers":{"x-a":"\\""}}'], 'a fault is JSON')
  t.strictSame(splitCommand(upstreamCommand({ fault: { headers: { 'x-a': '\\"' } } })).at(-1), '--fault={"headers":{"x-a":"\\\\\\""}}', 'also for those who read a config')
  t.throws(() => upstreamCommand({ fault: { dei: 'rst' } as Fault }), { message: 'There is no fault "dei"' })
  t.throws(() => upstreamCommand({ socket: '/s', port: 5 }), { message: /a socket or on a host and port/ })
  t.throws(() => upstreamCommand({ loadMS: 5 } as UpstreamOptions), { message: 'The upstream has no option "loadMS"' })
})

t.test('its life', async (t) => {
  t.test('record: every step of an ordinary life', async (t) => {
    const up = await launch(t, { name: 'a' })
    await up.event('ready')
    for (let i = 0; i < 2; i++) t.strictSame(await (await fetch(`${up.origin}/health`)).json(), { status: 'ok', name: 'a' })
    up.child.kill('SIGTERM')
    t.strictSame(await up.exited, [0, null])
    t.strictSame(up.events().map((event) => event.event), ['start', 'listen', 'ready', 'first-200', 'sigterm', 'exit'])
    t.strictSame(new Set(up.events().map(({ pid, name }) => `${pid} ${name}`)), new Set([`${up.child.pid} a`]))
    t.ok(up.events().every(({ now, hrtime }) => Math.abs(Date.now() - now) < 60_000 && BigInt(hrtime) <= process.hrtime.bigint()))
    t.equal(up.events().at(-1)!.code, 0)
  })

  t.test('loadMs: listens at once, answers 503 to everything until then', async (t) => {
    const up = await launch(t, { loadMs: 1500 })
    const listen = await up.event('listen')
    for (const path of ['/health', '/stats', '/nowhere']) {
      const response = await fetch(up.origin + path)
      t.equal(response.status, 503, path)
      t.equal(response.headers.get('connection'), 'close')
      t.match(await response.json(), { error: { message: 'Loading model' } })
    }
    t.equal((await post(up.origin, chat, {})).status, 503)
    t.ok(milliseconds(await up.event('start'), await up.event('ready')) >= 1500)
    t.ok(milliseconds(listen, await up.event('ready')) > 0)
    t.equal((await fetch(`${up.origin}/health`)).status, 200)
    t.match(await upstreamStats(up.origin), { served: 1, paths: { [chat]: 1 } })
  })

  t.test('listenAfterMs: does not listen before', async (t) => {
    const up = await launch(t, { listenAfterMs: 1000 })
    const start = await up.event('start')
    t.notOk(await canConnect(up.port))
    t.ok(milliseconds(start, await up.event('listen')) >= 1000)
    t.ok(await canConnect(up.port))
  })

  t.test('neverReady', async (t) => {
    const up = await launch(t, { neverReady: true })
    await up.event('listen')
    t.equal((await fetch(`${up.origin}/health`)).status, 503)
    t.equal((await post(up.origin, chat, {})).status, 503)
    await t.rejects(upstreamStats(up.origin), { message: 'The upstream answered 503 to /stats' })
    t.strictSame(up.events().map((event) => event.event), ['start', 'listen'])
  })

  t.test('healthStatus: the rest works', async (t) => {
    const up = await launch(t, { healthStatus: 401 })
    await up.event('listen')
    for (let i = 0; i < 2; i++) t.equal((await fetch(`${up.origin}/health`)).status, 401)
    t.equal((await post(up.origin, chat, {})).status, 200)
    t.strictSame(up.events().map((event) => event.event), ['start', 'listen'], 'no 200 was recorded')
  })

  t.test('healthHang: /health is accepted and never answered', async (t) => {
    const up = await launch(t, { healthHang: true })
    await up.event('listen')
    const leave = new AbortController()
    const probe = fetch(`${up.origin}/health`, { signal: leave.signal })
    const answered = probe.then(() => true, () => false)
    await until(async () => (await upstreamStats(up.origin)).paths['/health'], 'the probe')
    t.equal((await post(up.origin, chat, {})).status, 200, 'the rest works')
    leave.abort()
    t.notOk(await answered)
  })

  t.test('exitCode: exits at once and says why', async (t) => {
    const say = 'it\'s "out" of\tmemory \\ $HOME --flag'
    const up = await launch(t, { exitCode: 7, say })
    t.strictSame(await up.exited, [7, null])
    await up.closed
    t.equal(up.stderr(), `${say}\n`)
    t.match(up.events(), [{ event: 'start' }, { event: 'exit', code: 7 }])
  })

  t.test('exitAfterMs: serves until then', async (t) => {
    const up = await launch(t, { exitAfterMs: 1500, exitCode: 3 })
    await up.event('listen')
    t.equal((await fetch(`${up.origin}/health`)).status, 200)
    t.strictSame(await up.exited, [3, null])
    t.ok(milliseconds(await up.event('start'), await up.event('exit')) >= 1500)
    t.strictSame(await (await launch(t, { exitAfterMs: 0 })).exited, [0, null], 'the code is 0 by default')
  })

  t.test('ignoreSigterm', async (t) => {
    const up = await launch(t, { ignoreSigterm: true })
    await up.event('listen')
    up.child.kill('SIGTERM')
    await up.event('sigterm')
    t.equal((await fetch(`${up.origin}/health`)).status, 200)
  })

  t.test('loseSigterms: only a later one counts', async (t) => {
    const up = await launch(t, { loseSigterms: 1 })
    await up.event('listen')
    up.child.kill('SIGTERM')
    await up.event('sigterm')
    t.equal((await fetch(`${up.origin}/health`)).status, 200)
    up.child.kill('SIGTERM')
    t.strictSame(await up.exited, [0, null])
  })

  t.test('termDelayMs: stops listening at once, exits later', async (t) => {
    const up = await launch(t, { termDelayMs: 1000 })
    await up.event('listen')
    up.child.kill('SIGTERM')
    const sigterm = await up.event('sigterm')
    await until(async () => !await canConnect(up.port), 'the end of listening')
    t.notOk(up.events().some((event) => event.event === 'exit'))
    t.strictSame(await up.exited, [0, null])
    t.ok(milliseconds(sigterm, await up.event('exit')) >= 999)
  })

  t.test('forkHoldingPipes: a grandchild in the group holds the pipes', async (t) => {
    const up = await launch(t, { forkHoldingPipes: true, exitCode: 3 })
    let pipesClosed = false
    up.closed.then(() => { pipesClosed = true }, () => {})
    const { child } = await up.event('fork')
    t.strictSame(await up.exited, [3, null])
    t.ok(exists(child!) && exists(-up.child.pid!), 'it outlives its parent')
    t.notOk(pipesClosed)
    if (process.platform === 'linux') {
      t.equal(readFileSync(`/proc/${child}/cmdline`, 'utf8'), 'sleep\x00120\x00', 'and ends by itself')
      t.equal(readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]!.split(' ')[2], String(up.child.pid), 'in the same group')
    }
    endGroup(up.child.pid!, 'SIGTERM')
    await up.closed
  })

  t.test('forkIgnoresSigterm', async (t) => {
    const up = await launch(t, { forkIgnoresSigterm: true })
    await up.event('listen')
    const { child } = await up.event('fork')
    if (process.platform === 'linux') {
      const ignored = /SigIgn:\s+(\w+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))![1]!
      t.ok(BigInt(`0x${ignored}`) & 0x4000n)
    }
    endGroup(up.child.pid!, 'SIGTERM')
    t.strictSame(await up.exited, [0, null])
    t.ok(exists(child!))
    endGroup(up.child.pid!, 'SIGKILL')
    await up.closed
  })

  t.test('logFlood: much output, and it still answers, also when nobody holds the pipe any more', async (t) => {
    const up = await launch(t, { logFlood: true })
    let bytes = 0
    up.child.stdout.on('data', (data: Buffer) => { bytes += data.length })
    await up.event('listen')
    await until(() => bytes > 20e6, 'the flood')
    t.equal((await fetch(`${up.origin}/health`)).status, 200)
    up.child.stdout.destroy()
    t.equal((await fetch(`${up.origin}/health`)).status, 200)
    t.ok(exists(up.child.pid!))
  })

  t.test('a busy port and a bad flag end it with a reason', async (t) => {
    const { port, event } = await launch(t)
    await event('listen')
    const second = await launch(t, { port })
    t.strictSame(await second.exited, [1, null])
    await second.closed
    t.match(second.stderr(), /EADDRINUSE/)
    for (const [flag, reason] of [
      ['--wrong', /'--wrong'/],
      ['--load-ms=soon', /--load-ms wants a whole number, not "soon"/],
      ['--fault=die', /--fault is not JSON/],
      ['"--fault={\\"die\\":1}"', /The fault "die" should be one of/],
      ['--socket=/tmp/x', /a socket or on a host and port/]
    ] as const) {
      const third = await launch(t, {}, ` ${flag}`)
      t.strictSame(await third.exited, [2, null])
      await third.closed
      t.match(third.stderr(), reason)
    }
  })

  t.test('host', async (t) => {
    const up = await launch(t, { host: '127.0.0.2' })
    if (process.platform !== 'linux') return // Elsewhere the address may not exist.
    await up.event('listen')
    t.notOk(await canConnect(up.port))
    t.equal((await fetch(`http://127.0.0.2:${up.port}/health`)).status, 200)
  })
})
