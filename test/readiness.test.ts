import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamEvent } from 'fastify-llama-swap/testing'
import { startApp, until } from './helper/app.ts'
import { modelAt } from './helper/echo-server.ts'
import { isFull, times } from './helper/full.ts'
import { serve } from './helper/silent-server.ts'

const STARTS = times(50)

t.test('readiness is noticed at once: within 10 ms of the first true 200 (p50), within 60 ms (p99)', { timeout: 300_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'readiness-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const loadMs of [50, 300, 900]) {
    const record = join(folder, `${loadMs}.jsonl`)
    const { app } = await startApp(t, { models: { a: { cmd: upstreamCommand({ loadMs, record }) } } })
    const readyAt: bigint[] = []
    app.llamaSwap.on('state', ({ to }) => { if (to === 'ready') readyAt.push(process.hrtime.bigint()) })
    for (let i = 0; i < STARTS; i++) {
      await app.llamaSwap.load('a')
      await app.llamaSwap.unload('a')
    }
    const couldAt = readFileSync(record, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as UpstreamEvent).filter(({ event }) => event === 'ready').map(({ hrtime }) => BigInt(hrtime))
    t.equal(couldAt.length, STARTS)
    const lags = readyAt.map((at, i) => Number(at - couldAt[i]!) / 1e6).sort((a, b) => a - b)
    t.ok(lags.every((lag) => lag > 0), 'never before the first true 200')
    const p50 = lags[Math.floor(lags.length / 2)]!
    const p99 = lags[Math.ceil(lags.length * 0.99) - 1]!
    t.comment(`load ${loadMs} ms: lag p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms over ${STARTS} starts`)
    // The figures themselves are for an idle machine; a busy one must not make this fail.
    const slack = isFull ? 1 : 10
    t.ok(p50 <= 10 * slack, `p50 ${p50.toFixed(1)} ms`)
    t.ok(p99 <= 60 * slack, `p99 ${p99.toFixed(1)} ms`)
  }
})

// 15 s is the shortest deadline of a config; all wait side by side.
t.test('the deadline always fires, and names what the probe met: 401, 404, a hang, SIGSTOP, a flooding log', async (t) => {
  const cases: Record<string, [cmd: string, detail: RegExp]> = {
    401: [upstreamCommand({ healthStatus: 401 }), /\/health answers 401: does the server's environment set an API key\?/],
    404: [upstreamCommand({ healthStatus: 404 }), /\/health answers 404: is checkEndpoint right\?/],
    hang: [upstreamCommand({ healthHang: true }), /accepts connections and does not answer/],
    stopped: [upstreamCommand({ neverReady: true }), /last probe/],
    flood: [upstreamCommand({ neverReady: true, logFlood: true }), /\/health answers 503/]
  }
  await Promise.all(Object.entries(cases).map(async ([name, [cmd, detail]]) => {
    const { app } = await startApp(t, { healthCheckTimeout: 15, unloadTimeout: 1, models: { a: { cmd } } })
    const loading = app.llamaSwap.load('a').then(() => undefined, (failure: Error) => failure)
    if (name === 'stopped') {
      await until(() => app.llamaSwap.status().models[0]!.pid !== undefined)
      process.kill(app.llamaSwap.status().models[0]!.pid!, 'SIGSTOP')
    }
    t.match(await loading, { code: 'FST_LS_START_TIMEOUT', message: /not ready after 15 s/, detail }, name)
    t.equal(app.llamaSwap.status().models[0]!.state, 'stopped')
  }))
})

t.test('a probe that is not answered is given up after 5 s, and the next one counts', async (t) => {
  const asked: string[] = []
  const origin = await serve(t, ({ url }, response) => { if (asked.push(url!) > 1) response.end() })
  const { app } = await startApp(t, { models: { a: modelAt(origin, { checkEndpoint: '/ready' }) } })
  const startedAt = performance.now()
  await app.llamaSwap.load('a')
  t.strictSame(asked, ['/ready', '/ready'])
  t.ok(performance.now() - startedAt >= 4900)
})

t.test('checkEndpoint goes through the base path of the proxy; `none` takes a started server for ready', async (t) => {
  const { app } = await startApp(t, {
    models: {
      based: { cmd: upstreamCommand({ name: 'based' }), proxy: 'http://127.0.0.1:${PORT}/echo/', checkEndpoint: '/health/x' },
      none: { cmd: upstreamCommand({ neverReady: true }), checkEndpoint: 'none' }
    }
  })
  const response = await app.llamaSwap.fetch('based', '/y?z=1')
  t.match(await response.json(), { url: '/echo/y?z=1' })
  await app.llamaSwap.load('none')
  t.equal(app.llamaSwap.status().models[1]!.state, 'ready')
})

t.test('a taken port is left alone: the server gets another', async (t) => {
  const stranger = net.createServer()
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  t.teardown(() => stranger.close())
  const { port } = stranger.address() as net.AddressInfo
  const { app, chat } = await startApp(t, { startPort: port, models: { a: { cmd: upstreamCommand({ name: 'a' }) } } })
  t.match(await (await chat('a')).json(), { upstream: { name: 'a' } })
  t.notMatch(app.llamaSwap.status().models[0]!.origin, new RegExp(`:${port}$`))
})

t.test('a port of the operator\'s choice on which somebody answers already: a warning that names it', async (t) => {
  const stranger = net.createServer()
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  t.teardown(() => stranger.close())
  const { port } = stranger.address() as net.AddressInfo
  let log = ''
  const logger = { level: 'warn', stream: { write: (line: string) => { log += line } } }
  const model = (proxy: string) => ({ cmd: 'sleep 100', proxy, checkEndpoint: 'none' })
  const { app } = await startApp(t, {
    models: { taken: model(`http://127.0.0.1:${port}`), elsewhere: model('http://192.0.2.1:80'), late: { cmd: upstreamCommand({}) } }
  }, { fastify: { logger } })
  for (const name of ['late', 'elsewhere']) await app.llamaSwap.load(name)
  t.equal(log, '')
  await app.llamaSwap.load('taken')
  t.match(log, new RegExp(`model \\\\"taken\\\\": process ${process.pid} \\(.*\\) accepts connections at 127.0.0.1:${port} already`))
})

t.test('a server that ignores its port and a stranger that answers there: an error that names the stranger, never ready', async (t) => {
  // The command is told the port and does not listen on it; somebody older than the server takes it meanwhile.
  const servers: net.Server[] = []
  t.teardown(() => { for (const server of servers) server.close() })
  const { app } = await startApp(t, { models: { a: { cmd: 'sh -c "exec sleep 60" ${PORT}' } } })
  const take = (port: number): void => {
    const server = net.createServer((socket) => { socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK')) })
    server.on('error', () => {})
    server.listen(port, '127.0.0.1')
    servers.push(server)
  }
  const taken = new Set<number>()
  app.llamaSwap.on('state', ({ to }) => { if (to === 'ready') t.fail('it is taken for ready') })
  const loading = app.llamaSwap.load('a').then(() => undefined, (error: Error & { detail?: string }) => error)
  let error: (Error & { detail?: string }) | undefined
  void loading.then((failure) => { error = failure })
  await until(() => {
    const { origin } = app.llamaSwap.status().models[0]!
    const port = origin === undefined ? undefined : Number(new URL(origin).port)
    if (port !== undefined && !taken.has(port)) {
      taken.add(port)
      take(port)
    }
    return error !== undefined
  })
  t.match(error, { code: 'FST_LS_START_FAILED', message: new RegExp(`port \\d+ is answered by process ${process.pid} `) })
  t.equal(taken.size, 2, 'it was tried once more, on a fresh port')
})
