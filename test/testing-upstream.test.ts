import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand, upstreamStats } from 'fastify-llama-swap/testing'
import type { Fault, UpstreamEvent, UpstreamMark, UpstreamOptions } from 'fastify-llama-swap/testing'

interface Running {
  origin: string
  port: number
  child: ChildProcessByStdio<null, Readable, Readable>
  exited: Promise<[code: number | null, signal: string | null]>
  closed: Promise<unknown>
  stderr (): string
  events (): UpstreamEvent[]
  /** Waits until the event was recorded. */
  event (name: UpstreamEvent['event']): Promise<UpstreamEvent>
}

type Json = Record<string, any>

// tap loads a hook into every Node child, which costs it 200 ms at its start and changes its environment. These children are no tests.
const spawned = (globalThis as Json)[Symbol.for('process-on-spawn@*:singletonId') as unknown as string]
if (spawned) spawned.listeners.length = 0

const folder = mkdtempSync(join(tmpdir(), 'upstream-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function until<T> (check: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + 15_000
  while (Date.now() < deadline) {
    const found = await check()
    if (found) return found
    await sleep(3)
  }
  throw new Error(`${what} did not happen`)
}

/** POSIX-style word splitting as far as the command needs it. */
function split (command: string): string[] {
  const words = command.match(/"(?:\\.|[^"\\])*"|[^\s"]+/gs) ?? []
  return words.map((word) => word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/gs, '$1') : word)
}

async function launch (t: Test, options: UpstreamOptions = {}, more = ''): Promise<Running> {
  const port = await freePort()
  const record = join(folder, `${++files}.jsonl`)
  const command = upstreamCommand({ record, ...options }).replace('${PORT}', String(options.port ?? port))
  const [file, ...args] = split(command + more)
  // A group of its own, so that the teardown also finds the grandchild.
  const child = spawn(file!, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], MARK: 'env' } })
  const exited = once(child, 'exit') as Running['exited']
  const closed = once(child, 'close')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  if (!options.logFlood) child.stdout.resume()
  t.teardown(async () => {
    endGroup(child.pid!, 'SIGKILL')
    await exited
  })
  const events = (): UpstreamEvent[] => existsSync(record)
    ? readFileSync(record, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line))
    : []
  const event = (name: string): Promise<UpstreamEvent> => until(() => events().find((event) => event.event === name), name)
  return { origin: `http://127.0.0.1:${port}`, port, child, exited, closed, stderr: () => stderr, events, event }
}

function endGroup (group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {}
}

function exists (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function canConnect (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function milliseconds (from: UpstreamEvent, to: UpstreamEvent): number {
  return Number(BigInt(to.hrtime) - BigInt(from.hrtime)) / 1e6
}

function post (origin: string, path: string, body: Json, signal?: AbortSignal): Promise<Response> {
  return fetch(origin + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, signal: signal ?? null })
}

/** What really came over the wire, and how it ended: `FIN` or the code of the error. */
async function wire (port: number, path: string, body: Json): Promise<{ text: string, end: string }> {
  const json = JSON.stringify(body)
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let end = 'cut'
  socket.setEncoding('utf8')
  socket.on('data', (data: string) => { text += data })
  socket.on('end', () => { end = 'FIN' })
  socket.on('error', (error: NodeJS.ErrnoException) => { end = error.code! })
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`)
  await new Promise((resolve) => { socket.once('close', resolve) })
  return { text, end }
}

function sse (text: string): Json[] {
  return text.split('\n\n').flatMap((event) => {
    const data = /^data: (\{.*)$/m.exec(event)
    return data ? [JSON.parse(data[1]!)] : []
  })
}

const chat = '/v1/chat/completions'

t.test('the command', async (t) => {
  const command = upstreamCommand({ name: 'a b', loadMs: 5, neverReady: true, healthHang: false })
  const words = split(command)
  t.equal(words[0], process.execPath)
  t.match(words[1], /upstream\.js$/)
  t.strictSame(words.slice(2), ['--port', '${PORT}', '--name=a b', '--load-ms=5', '--never-ready'], 'options are flags, the port is left open')
  t.ok(command.startsWith(`"${process.execPath}" "`), 'paths are quoted')
  t.strictSame(split(upstreamCommand({ port: 5 })).slice(2), ['--port', '5'], 'a port can be given')
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
    for (const [flag, reason] of [['--wrong', /'--wrong'/], ['--load-ms=soon', /--load-ms wants a whole number, not "soon"/]] as const) {
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

t.test('its answers', async (t) => {
  const up = await launch(t, { name: 'aqua' }, ' -- "one word" two')
  await up.event('ready')

  t.test('pages', async (t) => {
    t.strictSame((await (await fetch(`${up.origin}/args`)).json() as string[]).slice(-3), ['--', 'one word', 'two'])
    t.strictSame(await (await fetch(`${up.origin}/env`)).json(), { PATH: process.env['PATH'], MARK: 'env' })
    t.equal((await fetch(`${up.origin}/nowhere`)).status, 404)
  })

  t.test('whole answers have their protocol\'s shape and the name', async (t) => {
    const mark = { name: 'aqua', hrtime: /^\d+$/ }
    const answer = async (path: string, body: Json = {}): Promise<unknown> => (await post(up.origin, path, { model: 'm', ...body })).json()
    t.match(await answer(chat), { object: 'chat.completion', model: 'm', choices: [{ message: { content: 'hello from aqua' } }], upstream: mark })
    t.match(await answer('/v1/completions'), { object: 'text_completion', choices: [{ text: 'hello from aqua' }], upstream: mark })
    t.match(await answer('/v1/embeddings', { input: ['a', 'b'] }), { data: [{ index: 0, embedding: [0, 0.5, 0.25] }, { index: 1 }], upstream: mark })
    t.match(await answer('/v1/embeddings', { input: 'a', encoding_format: 'base64' }), { data: [{ embedding: /^[\w+/]+=*$/ }] })
    t.match(await answer('/v1/rerank', { documents: ['a', 'b'] }), { results: [{ index: 0, relevance_score: 1 }, { index: 1 }], upstream: mark })
    t.match(await answer('/v1/messages'), { type: 'message', content: [{ type: 'text', text: 'hello from aqua' }], upstream: mark })
  })

  t.test('echo', async (t) => {
    const response = await fetch(`${up.origin}/echo/a%2Fb?c=d%20e`, { method: 'PUT', body: Buffer.from([0, 255]), headers: { 'X-Mine': '1' } })
    t.match(await response.json(), { method: 'PUT', url: '/echo/a%2Fb?c=d%20e', headers: { 'x-mine': '1' }, bodyBase64: 'AP8=', upstream: { name: 'aqua' } })
    const { rawHeaders } = await (await fetch(`${up.origin}/echo/`)).json() as { rawHeaders: string[] }
    t.ok(rawHeaders.includes('host'))
    t.match(await (await post(up.origin, '/echo/x', { stream: true })).json(), { method: 'POST' }, 'it never streams')
    t.match(await (await post(up.origin, '/v1/other?x', {})).json(), { url: '/v1/other?x' }, 'other POSTs are echoed too')
  })

  t.test('streams', async (t) => {
    for (const path of [chat, '/v1/completions', '/v1/other']) {
      const response = await post(up.origin, path, { stream: true, model: 'm' })
      t.equal(response.headers.get('content-type'), 'text/event-stream')
      const text = await response.text()
      t.ok(text.endsWith('}\n\ndata: [DONE]\n\n'), path)
      t.strictSame(sse(text).map(({ upstream }) => `${upstream.name} ${upstream.index}`), ['aqua 0', 'aqua 1', 'aqua 2', 'aqua 3', 'aqua 4'])
      t.strictSame(sse(text).map(({ choices }) => choices[0].finish_reason), [null, null, null, null, 'stop'])
      const times = sse(text).map(({ upstream }) => BigInt(upstream.hrtime))
      t.ok(times.every((time, index) => index === 0 || time > times[index - 1]!))
    }
    const text = await (await post(up.origin, '/v1/messages', { stream: true, fault: { chunks: 2 } })).text()
    const types = ['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']
    t.strictSame([...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]), types)
    t.strictSame(sse(text).map(({ type }) => type), types)
    t.strictSame(sse(text).map(({ upstream }) => upstream.index), [...types.keys()])
    t.notMatch(text, /\[DONE\]/)
  })

  t.test('stats', async (t) => {
    const before = await upstreamStats(up.origin)
    await fetch(`${up.origin}/echo/stats`, { headers: { 'x-mine': '2' } })
    const leave = new AbortController()
    const response = await post(up.origin, chat, { stream: true, fault: { chunks: 1000, chunkMs: 50 } }, leave.signal)
    await response.body!.getReader().read()
    t.match(await upstreamStats(up.origin), { active: 1, cancelled: 0, lastHeaders: { 'content-type': 'application/json' } })
    leave.abort()
    const after = await until(async () => {
      const stats = await upstreamStats(up.origin)
      return stats.active === 0 ? stats : undefined
    }, 'the cancellation')
    t.equal(after.served, before.served + 1)
    t.match(after, { name: 'aqua', pid: up.child.pid, cancelled: 1, died: 0, paths: { '/echo/stats': 1 } })
    t.match(up.events().at(-1), { event: 'cancelled', path: chat })
  })
})

t.test('its faults', async (t) => {
  const up = await launch(t, { name: 'f' })
  await up.event('ready')
  const ask = (fault: Fault, stream = true, path = chat): Promise<Response> => post(up.origin, path, { stream, fault })
  const cut = (fault: Fault, stream = true, path = chat): Promise<{ text: string, end: string }> => wire(up.port, path, { stream, fault })
  const marks = async (fault: Fault): Promise<UpstreamMark[]> => sse(await (await ask(fault)).text()).map(({ upstream }) => upstream)

  t.test('delayMs', async (t) => {
    const start = performance.now()
    await ask({ delayMs: 200 })
    t.ok(performance.now() - start >= 199)
  })

  t.test('firstChunkDelayMs: the headers come first', async (t) => {
    for (const stream of [true, false]) {
      const response = await ask({ firstChunkDelayMs: 1000 }, stream)
      const headersAt = process.hrtime.bigint()
      const text = await response.text()
      const { hrtime } = (stream ? sse(text)[0]! : JSON.parse(text)).upstream
      if (stream) t.ok(BigInt(hrtime) > headersAt, 'the first event was written after the headers were here')
      else t.ok(process.hrtime.bigint() - headersAt > 100_000_000n, 'so was the body')
    }
  })

  t.test('chunks, chunkMs, chunkBytes', async (t) => {
    const times = (await marks({ chunks: 3, chunkMs: 40 })).map(({ hrtime }) => BigInt(hrtime))
    t.equal(times.length, 3)
    t.ok(times[1]! - times[0]! >= 39_000_000n && times[2]! - times[1]! >= 39_000_000n)
    t.equal((await marks({ chunks: 500, chunkMs: 0 })).length, 500)
    const [event] = sse(await (await ask({ chunks: 1, chunkBytes: 100_000 })).text())
    t.equal(event!['choices'][0].delta.content.length, 100_000)
  })

  t.test('die: fin, after so many events', async (t) => {
    for (const dieAfterChunks of [0, 2, 9]) {
      const { text, end } = await cut({ die: 'fin', dieAfterChunks })
      t.equal(end, 'FIN')
      t.match(text, /^HTTP\/1\.1 200 OK\r\n/)
      t.equal(text.match(/^data: \{.*\}\n\n/gm)?.length ?? 0, Math.min(dieAfterChunks, 5))
      t.notMatch(text, /\r\n0\r\n|DONE/, 'without a proper end')
    }
    t.equal((await cut({ die: 'fin', dieAfterChunks: 3 }, true, '/v1/messages')).text.match(/^event: /gm)!.length, 3)
  })

  t.test('die: rst', async (t) => {
    const { text, end } = await cut({ die: 'rst', dieAfterChunks: 2 })
    t.equal(end, 'ECONNRESET')
    t.equal(text.match(/^data: \{/gm)!.length, 2)
  })

  t.test('dieBeforeHeaders', async (t) => {
    t.strictSame(await cut({ die: 'fin', dieBeforeHeaders: true }), { text: '', end: 'FIN' })
    t.strictSame(await cut({ die: 'rst', dieBeforeHeaders: true }), { text: '', end: 'ECONNRESET' })
  })

  t.test('dieMidEvent', async (t) => {
    const { text } = await cut({ die: 'fin', dieAfterChunks: 1, dieMidEvent: true })
    t.match(text, /^data: \{.*\}\n\n\r\n\w+\r\ndata: \{[^\n]+\r\n$/m, 'one event and a half')
  })

  t.test('die works for plain answers too', async (t) => {
    const length = ({ text }: { text: string }): [number, number] =>
      [Number(/content-length: (\d+)/i.exec(text)![1]), text.slice(text.indexOf('\r\n\r\n') + 4).length]
    const [promised, none] = length(await cut({ die: 'fin' }, false))
    t.ok(promised > 0)
    t.equal(none, 0)
    const [whole, half] = length(await cut({ die: 'fin', dieMidEvent: true }, false))
    t.equal(half, Math.floor(whole / 2))
    const [all, sent] = length(await cut({ die: 'fin', dieAfterChunks: 1 }, false))
    t.equal(sent, all)
  })

  t.test('status', async (t) => {
    const response = await ask({ status: 500, headers: { 'Retry-After': '3' } })
    t.equal(response.status, 500)
    t.equal(response.headers.get('connection'), 'close')
    t.equal(response.headers.get('retry-after'), '3')
    t.match(await response.json(), { error: { code: 500, message: 'f fails on demand' } })
    t.match(await (await ask({ status: 529 }, false, '/v1/messages')).json(), { type: 'error', error: { type: 'api_error' } })
  })

  t.test('contentLengthShort', async (t) => {
    const { text, end } = await cut({ contentLengthShort: true }, false)
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    t.equal(Number(/content-length: (\d+)/i.exec(text)![1]), body.length + 100)
    t.match(JSON.parse(body), { upstream: { name: 'f' } })
    t.equal(end, 'FIN')
  })

  t.test('bodyBytes', async (t) => {
    const text = await (await ask({ bodyBytes: 3_000_000 }, false)).text()
    t.equal(text.length, 3_000_000)
    t.match(JSON.parse(text), { object: 'chat.completion', padding: /^x+$/ })
    t.match(await (await ask({ bodyBytes: 1 }, false)).json(), { object: 'chat.completion' }, 'it is never cut')
  })

  t.test('headers', async (t) => {
    const response = await ask({ headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-A': ['1', '2'] } })
    t.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    t.equal(response.headers.get('x-a'), '1, 2')
    await response.body!.cancel()
  })

  t.test('by query where there is no JSON body', async (t) => {
    const query = (fault: unknown): string => `fault=${encodeURIComponent(JSON.stringify(fault))}`
    t.equal((await fetch(`${up.origin}/echo/x?a=b&${query({ status: 418 })}`)).status, 418)
    t.equal((await fetch(`${up.origin}/v1/audio?${query({ status: 418 })}`, { method: 'POST', body: 'form' })).status, 418)
  })

  t.test('what is no fault is refused', async (t) => {
    const refused = async (fault: unknown, message: string | RegExp): Promise<void> => {
      const response = await post(up.origin, chat, { fault })
      t.equal(response.status, 400)
      t.match(await response.json(), { error: { message } })
    }
    await refused({ delayMS: 5 }, 'There is no fault "delayMS"')
    await refused({ delayMs: '5' }, 'The fault "delayMs" should be of type number')
    await refused({ die: 'young' }, /called "young"/)
    await refused({ dieMidEvent: true }, 'The fault "die" is missing')
    await refused(5, '"fault" is not an object')
    t.equal((await fetch(`${up.origin}/echo/?fault=die`)).status, 400)
  })

  t.test('die: sigkill', async (t) => {
    const { died } = await upstreamStats(up.origin)
    t.ok(died > 0, 'its own cuts are counted apart')
    const { text } = await cut({ die: 'sigkill', dieAfterChunks: 2 })
    t.equal(text.match(/^data: \{/gm)!.length, 2)
    t.strictSame(await up.exited, [null, 'SIGKILL'])
    t.notOk(up.events().some((event) => event.event === 'exit'))
  })
})
