// An offer to upgrade that nobody takes is answered as the plain request that it is, as without an `upgrade` listener.
import { execFile } from 'node:child_process'
import dns from 'node:dns'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { until } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'
import { endOf, startGateway } from './helper/websocket-gateway.ts'
import type { Gateway } from './helper/websocket-gateway.ts'

const MIB = 1024 * 1024
// As Java's default client and `curl --http2` have it.
const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n'

interface Seen { method: string, url: string, rawHeaders: string[], body: string }

/** Routes of a host that tell what they were sent: `/host`, and `/slow`, which takes its time. */
function hostRoutes (app: FastifyInstance): void {
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const tell = ({ raw, body }: { raw: IncomingMessage, body: unknown }): Seen => ({ method: raw.method!, url: raw.url!, rawHeaders: raw.rawHeaders, body: body === undefined || body === null ? '' : String(body) })
  app.route({ method: ['GET', 'POST', 'OPTIONS'], url: '/host', bodyLimit: 4 * MIB, handler: async (request) => tell(request) })
  app.get('/slow', async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    return tell(request)
  })
}

function start (t: Test, fastify: FastifyServerOptions = {}, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<Gateway> {
  return startGateway(t, undefined, {
    fastify,
    async prepare (app) {
      hostRoutes(app)
      await prepare(app)
    }
  })
}

/** A connection that counts the answers that it gets. */
function talk (t: Test, url: string): { socket: Socket, text: () => string, answers: (count: number) => Promise<string[]> } {
  const { protocol, port } = new URL(url)
  const socket = protocol === 'https:' ? connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }) : connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('error', () => {}).on('data', (data) => { text += data.toString('latin1') })
  return {
    socket,
    text: () => text,
    async answers (count) {
      const heads = (): number => text.split('HTTP/1.1 ').length - 1
      await until(() => heads() === count && /\r\n\r\n[^]*\}$/.test(text.slice(text.lastIndexOf('HTTP/1.1 '))))
      return text.split(/(?=HTTP\/1\.1 )/)
    }
  }
}

const seen = (answer: string): Seen => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Seen
const post = (body: string, path = '/host', more = ''): string => `POST ${path} HTTP/1.1\r\nHost: x\r\n${OFFER}${more}Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const plain = 'GET /host HTTP/1.1\r\nHost: x\r\n\r\n'

t.test('the host sees exactly what it sees without the plugin', async (t) => {
  const bare = Fastify({ forceCloseConnections: true })
  hostRoutes(bare)
  t.teardown(() => bare.close())
  await bare.listen({ port: 0, host: '127.0.0.1' })
  const gateway = await start(t)
  const requests: Record<string, string> = {
    'a body with a length': post('hello'),
    'a chunked body': `POST /host HTTP/1.1\r\nHost: x\r\n${OFFER}Transfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n`,
    'no body': `GET /host?q=%20x HTTP/1.1\r\nhOST: x\r\n${OFFER}\r\n`,
    'another method': `OPTIONS /host HTTP/1.1\r\nHost: x\r\n${OFFER}\r\n`,
    'a WebSocket on a route that has none': 'GET /host HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'a WebSocket by POST with a body': 'POST /host HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello',
    'something that nobody knows': 'GET /host HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: TLS/1.0, IRC/6.9\r\n\r\n',
    'names and values of every kind': `GET /host HTTP/1.1\r\nHost:x\r\n${OFFER}CONNECTION: keep-alive\r\nX-Empty:\r\nx-Mixed: A\r\nX-MIXED:  b \r\nX-Bytes: \xe9\xff\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n`,
    'a folded header': `GET /host HTTP/1.1\r\nHost: x\r\n${OFFER}X-Folded: a\r\n b\r\n\r\n`,
    'two hosts': `GET /host HTTP/1.1\r\nHost: x\r\nHost: y\r\n${OFFER}\r\n`,
    'no host': `GET /host HTTP/1.1\r\n${OFFER}\r\n`,
    'two lengths': `POST /host HTTP/1.1\r\nHost: x\r\n${OFFER}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    'a length and chunks': `POST /host HTTP/1.1\r\nHost: x\r\n${OFFER}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'more headers than Node keeps': `POST /host HTTP/1.1\r\nHost: x\r\n${OFFER}${'a:b\r\n'.repeat(1500)}Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`,
    'a method that Node alone knows': `PROPFIND /host HTTP/1.1\r\nHost: x\r\n${OFFER}\r\n`
  }
  for (const [title, request] of Object.entries(requests)) {
    const [expected, found] = await Promise.all([bare.listeningOrigin, gateway.url].map(async (url) => {
      const { socket, text } = talk(t, url)
      const ended = endOf(socket)
      socket.write(Buffer.from(request, 'latin1'))
      await until(() => text().includes('\r\n\r\n'))
      // Where one request ends and the next begins is the same too. (In one write with the first it would be lost: Node's own way with offers.)
      socket.write('GET /host?last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
      await ended
      return text().replaceAll(/Date: .*\r\n/g, '').replaceAll(/"reqId":"[^"]*"/g, '')
    }))
    t.equal(found, expected, title)
    t.match(found, /^HTTP\/1\.1 \d/, title)
  }
})

t.test('keep-alive, pipelined: the answers come in their order', async (t) => {
  const { url, app } = await start(t)
  const warnings: unknown[] = []
  const onWarning = (warning: unknown): void => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const { socket, answers } = talk(t, url)
  socket.write(`GET /slow?1 HTTP/1.1\r\nHost: x\r\n\r\n${plain}${post('three')}`)
  await answers(3)
  socket.write(`GET /slow?4 HTTP/1.1\r\nHost: x\r\n\r\nGET /slow?5 HTTP/1.1\r\nHost: x\r\n${OFFER}\r\n`)
  t.strictSame((await answers(5)).map(seen).map(({ url, body }) => url + body), ['/slow?1', '/host', '/hostthree', '/slow?4', '/slow?5'])
  for (let i = 0; i < 30; i++) {
    socket.write(post(String(i)))
    await answers(6 + i)
  }
  t.strictSame(warnings, [], 'nothing piles up on a connection')
  t.equal(await connections(app), 1)
})

t.test('a WebSocket behind a request that is yet to be answered is none', async (t) => {
  const { url } = await start(t)
  const { socket, answers } = talk(t, url)
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /upstream/a/echo/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n')
  const [first, second] = await answers(2)
  t.match(first, '/slow')
  t.match(second, /^HTTP\/1\.1 200 [^]*"url":"\/echo\/x"/)
  socket.write(plain)
  await answers(3)
})

t.test('ours: what goes to a server, and a body that is sent with a handshake', async (t) => {
  const { url } = await start(t)
  const { socket, answers } = talk(t, url)
  const chat = '{"model":"a","messages":[{"role":"user","content":"hello"}]}'
  socket.write(post(chat, '/v1/chat/completions').replace('text/plain', 'application/json'))
  t.match((await answers(1))[0], /^HTTP\/1\.1 200 [^]*"name":"a"/)
  socket.write(post('body', '/upstream/a/echo/x'))
  const sent = (await answers(2))[1]!
  t.match(sent, /"method":"POST","url":"\/echo\/x"/)
  t.notMatch(sent, /"upgrade"|http2-settings/)
  socket.write('GET /upstream/a/echo/y HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nContent-Length: 4\r\n\r\nbody')
  t.match((await answers(3))[2], /^HTTP\/1\.1 200 [^]*"method":"GET","url":"\/echo\/y"/)
  socket.write('GET /upstream/a/echo/z HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n')
  t.match((await answers(4))[3], /^HTTP\/1\.1 200 [^]*"method":"GET","url":"\/echo\/z"/)
  // What nobody can be sure to end where another does.
  for (const [index, length] of ['', 'Content-Length: 4\r\n'].entries()) {
    socket.write(`POST /upstream/a/echo/p HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n${length}\r\n${length === '' ? '' : 'body'}`)
    t.match((await answers(5 + index))[4 + index], /^HTTP\/1\.1 200 [^]*"method":"POST","url":"\/echo\/p"/)
  }
  socket.write(plain)
  await answers(7)
})

t.test('CONNECT is not our affair', async (t) => {
  const { url, app } = await start(t)
  const request = `CONNECT x:1 HTTP/1.1\r\nHost: x\r\n${OFFER}\r\n`
  const unheard = talk(t, url)
  unheard.socket.write(request)
  await endOf(unheard.socket)
  t.equal(unheard.text(), '')
  app.server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
  const heard = talk(t, url)
  heard.socket.write(request)
  await endOf(heard.socket)
  t.match(heard.text(), /^HTTP\/1\.1 200 OK/)
})

t.test('a megabyte that comes slowly', async (t) => {
  const { url } = await start(t)
  const { socket, answers } = talk(t, url)
  const body = 'x'.repeat(MIB)
  const bytes = Buffer.from(post(body))
  for (let at = 0; at < bytes.length; at += 100_000) {
    socket.write(bytes.subarray(at, at + 100_000))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  t.equal(seen((await answers(1))[0]!).body, body)
})

t.test('curl --http2', async (t) => {
  const run = promisify(execFile)
  if (!await run('curl', ['--version']).then(({ stdout }) => /\bHTTP2\b/.test(stdout), () => false)) return t.pass('there is no curl that can')
  const { url } = await start(t)
  const folder = mkdtempSync(join(tmpdir(), 'h2c-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'body')
  // More than a megabyte: curl asks whether to send it.
  writeFileSync(file, 'x'.repeat(2 * MIB))
  const curl = async (...args: string[]): Promise<string> => (await run('curl', ['--http2', '-sS', '--max-time', '20', '-w', '\\n%{http_code} %{http_version}', ...args], { maxBuffer: 8 * MIB })).stdout
  t.match(await curl(`${url}/host`), /\n200 1\.1$/)
  t.match(await curl('-H', 'content-type: text/plain', '--data-binary', `@${file}`, `${url}/host`), /x{2097152}"\}\n200 1\.1$/)
  t.match(await curl('-H', 'content-type: application/json', '-d', '{"model":"a","messages":[]}', `${url}/v1/chat/completions`, `${url}/v1/completions`), /"name":"a"[^]*\n200 1\.1[^]*\n200 1\.1$/)
})

t.test('over TLS', async (t) => {
  const { url } = await start(t, { https: selfSigned() } as never)
  const { socket, answers } = talk(t, url)
  socket.write(post('one'))
  await answers(1)
  socket.write(post('two'))
  t.strictSame((await answers(2)).map((answer) => seen(answer).body), ['one', 'two'])
  socket.write(plain)
  await answers(3)
})

t.test('the server\'s limits hold: of time, of requests, of idle connections', async (t) => {
  const { url, app } = await start(t, { requestTimeout: 300, keepAliveTimeout: 100, maxRequestsPerSocket: 2, http: { connectionsCheckingInterval: 50, headersTimeout: 200 } } as never)
  const late = talk(t, url)
  late.socket.write(post('cut short').slice(0, -5))
  await endOf(late.socket)
  t.match(late.text(), /^HTTP\/1\.1 408 /)

  const idle = talk(t, url)
  idle.socket.write(post('one'))
  await idle.answers(1)
  await endOf(idle.socket)

  const third = talk(t, url)
  third.socket.write(post('one'))
  await third.answers(1)
  third.socket.write(post('two'))
  t.match((await third.answers(2))[1], /\r\nConnection: close\r\n/i)
  await endOf(third.socket)
  await until(async () => await connections(app) === 0)
})

t.test('the server still knows its connections', async (t) => {
  const gateway = await start(t)
  const { app, url } = gateway
  const [idle, busy] = [talk(t, url), talk(t, url)]
  for (const { socket, answers } of [idle, busy]) {
    socket.write(post('one'))
    await answers(1)
  }
  busy.socket.write(post('cut short').slice(0, -5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  app.server.closeIdleConnections()
  await endOf(idle.socket)
  t.equal(await connections(app), 1)
  busy.socket.write('short')
  t.equal(seen((await busy.answers(2))[1]!).body, 'cut short')

  busy.socket.write(post('cut short').slice(0, -5))
  const open = await gateway.open()
  const ends = [endOf(busy.socket), open.end()]
  await app.close()
  await Promise.all(ends)
})

t.test('a listener of the host\'s still gets those that are its', async (t) => {
  const taken: string[] = []
  const { url, app } = await start(t, {}, (app) => {
    app.server.on('upgrade', ({ url, headers }, socket) => {
      if (url !== '/theirs') return
      taken.push(`${headers.upgrade} ${url}`)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\ntheirs')
    })
  })
  const theirs = talk(t, url)
  theirs.socket.write(`GET /theirs HTTP/1.1\r\nHost: x\r\n${OFFER}\r\n`)
  await endOf(theirs.socket)
  t.match(theirs.text(), /^HTTP\/1\.1 101 [^]*theirs$/)
  const ours = talk(t, url)
  ours.socket.write(post('{"model":"a","messages":[]}', '/v1/chat/completions').replace('text/plain', 'application/json'))
  t.match((await ours.answers(1))[0], /^HTTP\/1\.1 200 /)
  t.strictSame(taken, ['h2c /theirs'])
  t.equal(await connections(app), 1)
})

t.test('ours are answered beside @fastify/websocket, which takes every upgrade there is', async (t) => {
  const { url } = await start(t, {}, (app) => app.register(websocket))
  const { socket, answers } = talk(t, url)
  for (let i = 1; i <= 2; i++) {
    socket.write(post('{"model":"a","messages":[]}', '/v1/chat/completions').replace('text/plain', 'application/json'))
    t.match((await answers(i)).at(-1), /^HTTP\/1\.1 200 [^]*"name":"a"/)
  }
})

t.test('on a server that serves localhost, by each of its addresses', async (t) => {
  // Where there is no IPv6, 127.0.0.2 will do.
  t.intercept(dns, 'lookup', { value: lookupTwo })
  const app = Fastify({ forceCloseConnections: true })
  hostRoutes(app)
  const { default: llamaSwap } = await import('../index.ts')
  await app.register(llamaSwap, { config: { models: { a: { cmd: upstreamCommand({ name: 'a' }) } } }, upgrades: true, routes: { upstream: true }, instance: `localhost ${process.pid}` })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: 'localhost' })
  const addresses = app.addresses() as AddressInfo[]
  t.equal(addresses.length, 2)
  for (const { address, port } of addresses) {
    const socket = connect(port, address)
    t.teardown(() => socket.destroy())
    let text = ''
    socket.on('data', (data) => { text += String(data) })
    socket.write(post('hello'))
    await until(() => text.endsWith('"hello"}'))
    socket.write('GET /upstream/a/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n')
    await until(() => text.endsWith('hello from a'))
    socket.destroy()
  }
})

t.test('without the option nothing is touched, and with it nothing stays', async (t) => {
  interface Server { shouldUpgradeCallback?: unknown }
  const bare = Fastify()
  const counts = ({ server }: FastifyInstance): unknown[] => ['upgrade', 'connection', 'secureConnection'].map((event) => server.listenerCount(event))
  const callback = ({ server }: FastifyInstance): string => String((server as Server).shouldUpgradeCallback)
  const off = await startGateway(t, undefined, { upgrades: false })
  t.strictSame(counts(off.app), counts(bare))
  t.equal(callback(off.app), callback(bare))
  t.equal((await off.shake('/upstream/a/echo/x')).status, 200)
  const on = await startGateway(t)
  t.not([counts(on.app), callback(on.app)].join(), [counts(bare), callback(bare)].join())
  await on.app.close()
  t.strictSame(counts(on.app), counts(bare))
  t.equal(callback(on.app), callback(bare))
  await bare.close()
})

const lookup = dns.lookup as (...values: unknown[]) => void
function lookupTwo (host: string, options: { all?: boolean }, done: (error: null, addresses: object[]) => void): void {
  if (options.all === true && host === 'localhost') done(null, [{ address: '127.0.0.1', family: 4 }, { address: '127.0.0.2', family: 4 }])
  else lookup(host, options, done)
}

async function connections ({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve) => { server.getConnections((_error, count) => resolve(count)) })
}
