import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import type { TimeoutsInput } from '../index.ts'
import { until } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'
import { ask, connections, gatewayTo, modelOf } from './helper/gateway-to.ts'
import type { Answer } from './helper/gateway-to.ts'
import { noKeepAlive, probeDue } from './helper/keep-alive.ts'
import { acceptOnly, fillBacklog, serve, stoppedCommand } from './helper/silent-server.ts'

// undici measures with a clock of its own, which can be turned: an hour needs no waiting, all else is real.
const { tick } = createRequire(import.meta.url)('undici/lib/util/timers.js') as { tick (ms?: number): void }
const SECOND = 1000
const HOUR = 3_600_000

function advance (ms: number): void {
  tick() // what was started since the last tick counts from here
  tick(ms)
}

/** Turns undici's clock until the request has its answer: a connection that was not made is tried a second time. */
async function advanceUntil (settled: () => boolean, ms: number): Promise<void> {
  await until(() => {
    advance(ms)
    return settled()
  })
}

async function timedOut (t: Test, answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer
  t.equal(status, 504)
  t.match(JSON.parse(await text()), { error: { code: 'upstream_timeout' } })
}

t.test('connect', { skip: process.platform !== 'linux' }, async (t) => {
  async function startStopped (t: Test, timeouts: TimeoutsInput): Promise<TestApp> {
    const test = await gatewayTo(t, 'http://127.0.0.1:${PORT}', timeouts, stoppedCommand)
    await test.app.llamaSwap.load('a')
    await until(() => / T /.test(readFileSync(`/proc/${modelOf(test).pid!}/stat`, 'utf8')))
    await fillBacklog(t, Number(new URL(modelOf(test).origin!).port))
    return test
  }

  t.test('a connection that is not made in that time: 504', async (t) => {
    const test = await startStopped(t, { connect: 100 })
    const { begun } = connections(t, modelOf(test).origin!)
    const { answer, settled } = ask(t, test)
    await until(() => begun.length === 1)
    advance(95 * SECOND)
    await delay(300)
    t.equal(begun.length, 1)
    await advanceUntil(settled, 10 * SECOND)
    await timedOut(t, answer)
  })

  t.test('0: it is waited for without limit', async (t) => {
    const test = await startStopped(t, { connect: 0 })
    const { begun } = connections(t, modelOf(test).origin!)
    const { answer, settled } = ask(t, test)
    await until(() => begun.length === 1)
    advance(HOUR)
    await delay(300)
    t.notOk(settled())
    t.equal(begun.length, 1)
    process.kill(modelOf(test).pid!, 'SIGCONT')
    t.equal((await answer).status, 200, 'and made as soon as the server accepts')
  })
})

t.test('tlsHandshake', async (t) => {
  t.test('a server that accepts and never speaks TLS: 504 after connect and this together', async (t) => {
    const { port, sockets } = await acceptOnly(t)
    const origin = `https://127.0.0.1:${port}`
    const { begun } = connections(t, origin)
    const { answer, settled } = ask(t, await gatewayTo(t, origin, { connect: 100, tlsHandshake: 50 }))
    await until(() => sockets.size > 0 && begun.length > 0)
    advance(145 * SECOND)
    await delay(300)
    t.equal(begun.length, 1)
    await advanceUntil(settled, 10 * SECOND)
    await timedOut(t, answer)
  })

  for (const timeouts of [{ connect: 0, tlsHandshake: 10 }, { connect: 30, tlsHandshake: 0 }, { connect: 0, tlsHandshake: 0 }]) {
    t.test(`no limit: ${JSON.stringify(timeouts)}`, async (t) => {
      const { port, sockets } = await acceptOnly(t)
      const origin = `https://127.0.0.1:${port}`
      const { begun } = connections(t, origin)
      const { settled } = ask(t, await gatewayTo(t, origin, timeouts))
      await until(() => sockets.size > 0 && begun.length > 0)
      advance(HOUR)
      await delay(300)
      t.notOk(settled())
      t.equal(begun.length, 1)
    })
  }
})

t.test('responseHeader', async (t) => {
  t.test('a server that holds its headers: 504; the request is taken back and not sent again', async (t) => {
    let requests = 0
    let closed = 0
    const origin = await serve(t, (_request, response) => {
      requests++
      response.once('close', () => closed++)
    })
    const test = await gatewayTo(t, origin, { responseHeader: 1 })
    const since = performance.now()
    await timedOut(t, ask(t, test).answer)
    t.ok(performance.now() - since >= 1000)
    await until(() => closed === 1)
    t.equal(requests, 1)
    t.match(modelOf(test), { state: 'ready', leases: 0 })
  })

  t.test('it ends with the headers: a body may take for ever', async (t) => {
    let respond: (() => void) | undefined
    const origin = await serve(t, (_request, response) => {
      response.write('first ')
      respond = () => response.end('last')
    })
    const { status, text } = await ask(t, await gatewayTo(t, origin, { responseHeader: 1 })).answer
    advance(HOUR)
    await delay(300)
    respond!()
    t.equal(status, 200)
    t.equal(await text(), 'first last')
  })

  t.test('0: they are waited for without limit', async (t) => {
    let respond: (() => void) | undefined
    const origin = await serve(t, (_request, response) => { respond = () => response.end('at last') })
    const { answer, settled } = ask(t, await gatewayTo(t, origin, { responseHeader: 0 }))
    await until(() => respond !== undefined)
    advance(HOUR)
    await delay(300)
    t.notOk(settled())
    respond!()
    t.equal(await (await answer).text(), 'at last')
  })
})

t.test('keepalive: the first TCP probe is due after that time', { skip: noKeepAlive }, async (t) => {
  const systemDefault = Number(readFileSync('/proc/sys/net/ipv4/tcp_keepalive_time', 'utf8'))
  for (const [keepalive, seconds] of [[5, 5], [30, 30], [0, systemDefault]] as const) {
    const origin = await serve(t, (_request, response) => response.end('{}'))
    const test = await gatewayTo(t, origin, { keepalive })
    const { made } = connections(t, origin)
    await (await ask(t, test).answer).text()
    const due = probeDue(made[0]!)
    t.ok(due !== undefined && due <= seconds && due > seconds / 2, `${keepalive}: due in ${due} of ${seconds} s`)
  }
})

t.test('expectContinue: whatever it is, Expect is answered at the door, and not passed on', async (t) => {
  for (const expectContinue of [0, 1]) {
    let seen: IncomingHttpHeaders | undefined
    const origin = await serve(t, ({ headers }, response) => {
      seen = headers
      response.end('{}')
    })
    const { url } = await gatewayTo(t, origin, { expectContinue })
    const post = request(`${url}/v1/chat/completions`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', expect: '100-continue' } })
    const answer = once(post, 'response') as Promise<[IncomingMessage]>
    post.flushHeaders()
    await once(post, 'continue')
    t.equal(seen, undefined, 'before the server has heard of it')
    post.end('{"model":"a"}')
    const [response] = await answer
    t.equal(response.resume().statusCode, 200)
    t.notOk('expect' in seen!)
  }
})

/** Sends some requests, one after the other, to a server that says how long it keeps idle connections; returns the connections. */
async function askInTurn (t: Test, timeouts: TimeoutsInput, keepAlive: string | undefined, count: number): Promise<Socket[]> {
  const origin = await serve(t, (_request, response) => {
    if (keepAlive !== undefined) response.setHeader('connection', 'keep-alive').setHeader('keep-alive', keepAlive)
    response.end('{}')
  })
  const test = await gatewayTo(t, origin, timeouts)
  const { made } = connections(t, origin)
  for (let sent = 0; sent < count; sent++) await (await ask(t, test).answer).text()
  return made
}

t.test('idleConn', async (t) => {
  const cases: Array<[words: string, timeouts: TimeoutsInput, keepAlive: string | undefined, closedAfter: number]> = [
    ['an idle connection is closed after that time', { idleConn: 1 }, undefined, 1000],
    ['4 s at most', { idleConn: 90 }, undefined, 4000],
    ['0: 4 s as well', { idleConn: 0 }, undefined, 4000],
    ['2 s before the server would close it', { idleConn: 90 }, 'timeout=5, max=100', 3000],
    ['not because the server would keep it longer', { idleConn: 1 }, 'timeout=60', 1000]
  ]
  await Promise.all(cases.map(async ([words, timeouts, keepAlive, closedAfter]) => {
    const sockets = await askInTurn(t, timeouts, keepAlive, 2)
    t.equal(sockets.length, 1, `${words}: used again`)
    // Timers of one process fire in their order, on a busy machine too.
    await delay(closedAfter - 400)
    t.notOk(sockets[0]!.destroyed, `${words}: open before`)
    await delay(800)
    t.ok(sockets[0]!.destroyed, `${words}: closed after`)
  }))
  t.equal((await askInTurn(t, { idleConn: 90 }, 'timeout=2', 3)).length, 3, 'where the server would close at once, none is used again')
})
