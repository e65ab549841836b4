import { once } from 'node:events'
import type { Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { until } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'
import { startCli } from './helper/cli.ts'
import { noKeepAlive, probeDue } from './helper/keep-alive.ts'
import { ask, open, read, send } from './helper/raw.ts'
import { startStandalone } from './helper/standalone.ts'

const errorOf = (body: string): { message: string, code: string } => (JSON.parse(body) as { error: { message: string, code: string } }).error

t.test('headers that do not come in time: 408, and the connection is closed', async (t) => {
  const { port } = await startStandalone(t, { limits: { headersTimeout: 1000 } })
  const [none, some, second] = await Promise.all([
    read(open(port)),
    send(port, 'GET /health HTTP/1.1\r\nHost: loc'),
    send(port, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\n')
  ])
  t.match(none.text, /^(HTTP\/1\.1 408 [^]*)?$/, 'a connection without a word is closed')
  t.equal(some.status, 408)
  t.strictSame(errorOf(some.body).code, 'request_timeout')
  t.match(errorOf(some.body).message, 'within 1 s')
  t.match(second.text, /^HTTP\/1\.1 200 OK\r\n[^]*HTTP\/1\.1 408 Request Timeout\r\n/, 'a later request of a connection too')
  const drip = open(port)
  const dripped = read(drip)
  drip.write('GET /health HTTP/1.1\r\nHost: localhost\r\n')
  const timer = setInterval(() => drip.write('X: y\r\n'), 50)
  t.equal((await dripped).status, 408, 'header after header, slowly')
  clearInterval(timer)
})

t.test('without a word of anybody that time is 60 s', async (t) => {
  const { app } = await startStandalone(t)
  t.equal((app.server as Server).headersTimeout, 60_000)
})

t.test('a TLS handshake that does not come', async (t) => {
  const { cert, key } = selfSigned()
  const { port } = await startStandalone(t, { tls: { cert: Buffer.from(cert), key: Buffer.from(key) }, limits: { headersTimeout: 2000 } })
  t.equal((await read(open(port))).text, '')
  t.equal((await send(port, 'GET /health HTTP/1.1\r\n\r\n')).text, '', 'plain HTTP')
  const late = await send(port, 'GET /health HTTP/1.1\r\nHost: loc', { ca: cert })
  t.equal(late.status, 408, 'a handshake without headers after it')
})

t.test('bodies and answers may take as long as they like', async (t) => {
  const { port } = await startStandalone(t, { limits: { headersTimeout: 1000 } })
  const body = '{"model":"a","messages":[],"fault":{"delayMs":2000}}'
  const socket = open(port)
  const answer = read(socket)
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\nContent-Type: application/json\r\n\r\n`)
  for (const part of body.match(/.{1,8}/g)!) {
    await wait(300)
    socket.write(part)
  }
  t.match(await answer, { status: 200, body: /hello from a/ })
})

t.test('20 MB, with a length and in chunks', async (t) => {
  const { port } = await startStandalone(t)
  const body = JSON.stringify({ model: 'a', messages: [], x: 'x'.repeat(20_000_000) })
  t.equal((await ask(port, 'POST /v1/chat/completions', {}, body)).status, 200)
  const parts = body.match(/.{1,1000000}/g)!.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
  t.equal((await send(port, `${head}${parts.join('')}0\r\n\r\n`)).status, 200)
})

t.test('headers of up to 64 KiB', async (t) => {
  const { port } = await startStandalone(t)
  t.equal((await ask(port, 'GET /health', { Cookie: 'x'.repeat(60_000) })).status, 200)
  for (const answer of [await ask(port, 'GET /health', { Cookie: 'x'.repeat(70_000) }), await ask(port, `GET /${'x'.repeat(70_000)}`)]) {
    t.equal(answer.status, 431)
    t.strictSame(errorOf(answer.body), { message: 'the headers of the request are larger than the limit of 65536 bytes', type: 'invalid_request_error', param: null, code: 'headers_too_large' })
    t.strictSame(answer.header('connection'), ['close'])
  }
})

t.test('what is not HTTP: 400 with the reason, no stack, and the connection is closed', async (t) => {
  const { port } = await startStandalone(t)
  const post = 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n'
  const cases: Array<[name: string, text: string]> = [
    ['garbage', 'hello\r\n\r\n'],
    ['binary', '\x16\x03\x01\x02\x00\x01\x00\x01'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown version', 'GET /health HTTP/3.7\r\nHost: localhost\r\n\r\n'],
    ['an unknown method', 'FOO /health HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a method in lower case', 'get /health HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a path without a slash', 'GET health HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a header without a colon', 'GET /health HTTP/1.1\r\nHost: localhost\r\nhello there\r\n\r\n'],
    ['a zero byte in a header', 'GET /health HTTP/1.1\r\nHost: local\0host\r\n\r\n'],
    ['a length that is none', `${post}Content-Length: many\r\n\r\n`],
    ['two lengths', `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    ['a length and chunks', `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a broken chunk', `${post}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
    ['a tunnel', 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n']
  ]
  for (const [name, text] of cases) {
    const answer = await send(port, text)
    t.equal(answer.status, 400, name)
    t.equal(errorOf(answer.body).code, 'request_invalid', name)
    t.match(errorOf(answer.body).message, /^the request is not valid: \S/, name)
    t.notMatch(answer.text, /node:|\.js|\.ts|at /, name)
    t.strictSame(answer.header('connection'), ['close'], name)
    t.strictSame(answer.header('content-length'), [String(answer.body.length)], name)
  }
  t.equal((await ask(port, 'GET /health')).status, 200)
})

t.test('garbage while an answer is under way: the answer is cut, nothing is written into it', async (t) => {
  const { app, port } = await startStandalone(t)
  const body = '{"model":"a","messages":[],"stream":true,"fault":{"chunks":10000,"chunkMs":5}}'
  const socket = open(port)
  const answer = read(socket)
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nContent-Type: application/json\r\n\r\n${body}`)
  await until(() => socket.bytesRead > 1000)
  socket.write('garbage\r\n\r\n')
  const { status, text } = await answer
  t.equal(status, 200)
  t.notMatch(text, /request_invalid|HTTP\/1\.1 400|\[DONE\]/)
  await until(() => app.llamaSwap.status().models[0]!.leases === 0)
})

t.test('an error in the gateway itself: told without details', async (t) => {
  const { port } = await startStandalone(t, { prepare: (app) => { app.get('/own', () => { throw new TypeError('secret /home/me') }) } })
  const answer = await ask(port, 'GET /own')
  t.equal(answer.status, 500)
  t.strictSame(JSON.parse(answer.body), { src: 'llama-swap', error: { message: 'the gateway has failed: its log says how', type: 'server_error', param: null, code: 'internal' } })
})

t.test('what a proxy says of its client is not believed', async (t) => {
  const { port } = await startStandalone(t, { prepare: (app) => { app.get('/own', ({ ip, host, protocol }) => ({ ip, host, protocol })) } })
  const answer = await ask(port, 'GET /own', { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' })
  t.strictSame(JSON.parse(answer.body), { ip: '127.0.0.1', host: 'localhost', protocol: 'http' })
})

t.test('a client whose machine is gone is noticed', { skip: noKeepAlive }, async (t) => {
  const { app, port } = await startStandalone(t)
  const socket = open(port)
  await once(socket, 'connect')
  await new Promise((resolve) => app.server.getConnections(resolve))
  const due = (): number | undefined => probeDue({ localPort: port, remotePort: socket.localPort })
  await until(() => due() !== undefined)
  t.ok(due()! <= 60, 'within a minute')
  socket.destroy()
})

t.test('the real command survives it all', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models: {}\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], { cwd })
  const port = Number(new URL(await cli.url()).port)
  t.equal((await send(port, 'hello\r\n\r\n')).status, 400)
  t.equal((await ask(port, 'GET /health', { Cookie: 'x'.repeat(70_000) })).status, 431)
  for (let i = 0; i < 20; i++) {
    const reset = open(port)
    reset.on('connect', () => { reset.resetAndDestroy() })
  }
  const half = open(port)
  half.write('GET /hea')
  t.equal((await ask(port, 'GET /health')).status, 200)
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0, 'and closes, although a request is half sent')
  t.equal(cli.stderr, '')
  half.destroy()
})
