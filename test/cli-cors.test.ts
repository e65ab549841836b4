import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { until } from './helper/app.ts'
import { startCli } from './helper/cli.ts'
import { ask, open, read } from './helper/raw.ts'
import type { RawAnswer } from './helper/raw.ts'
import { startStandalone } from './helper/standalone.ts'

const ORIGIN = 'access-control-allow-origin'
const USUAL = 'Content-Type, Authorization, Accept, X-Requested-With'

const corsHeaders = ({ text }: RawAnswer): string[] => text.split('\r\n').filter((line) => /^access-control-/i.test(line)).map((line) => line.toLowerCase())
const chat = (body: object = {}): string => JSON.stringify({ model: 'a', messages: [], ...body })

t.test('any preflight is granted, whatever its path, and nothing is started for it', async (t) => {
  const { app, port } = await startStandalone(t)
  for (const path of ['/v1/chat/completions', '/v1/models', '/nope', '/', '/running', '/health', '/upstream/a/x', '//x/../y', '*', 'http://other.example/v1/models']) {
    const answer = await ask(port, `OPTIONS ${path}`, { Origin: 'https://chat.example', 'Access-Control-Request-Method': 'POST' })
    t.equal(answer.status, 204, path)
    t.equal(answer.body, '', path)
    t.strictSame(corsHeaders(answer), [
      'access-control-allow-origin: *',
      'access-control-allow-methods: get, post, put, patch, delete, options',
      `access-control-allow-headers: ${USUAL.toLowerCase()}`,
      'access-control-max-age: 86400'
    ], path)
  }
  t.equal((await ask(port, 'OPTIONS /v1/chat/completions', {}, 'a body that nobody reads')).status, 204)
  t.equal((await ask(port, 'OPTIONS /%zz')).status, 400, 'but for a path that cannot be read')
  t.match(app.llamaSwap.status().models, [{ state: 'stopped' }])
})

t.test('a preflight gets the header names that it asks for, if they can be such', async (t) => {
  const { port } = await startStandalone(t)
  const cases: Array<[asked: string, allowed: string]> = [
    ['content-type, x-foo', 'content-type, x-foo'],
    ['content-type,x-foo ,  Authorization', 'content-type, x-foo, Authorization'],
    ['*', '*'],
    ['', USUAL],
    ['x-ok, bad name, x:y, (a), a/b, "q", x=y, , {}', 'x-ok'],
    ['x-ok, \u00e9', 'x-ok'],
    ["!#$%&'*+-.^_`|~09azAZ", "!#$%&'*+-.^_`|~09azAZ"],
    ['bad name', '']
  ]
  for (const [asked, allowed] of cases) {
    const answer = await ask(port, 'OPTIONS /v1/models', { 'Access-Control-Request-Headers': asked })
    t.strictSame(answer.header('access-control-allow-headers'), [allowed], asked)
  }
})

t.test('an inference answer has the header once, whatever the server says of it', async (t) => {
  const { port } = await startStandalone(t)
  const said: Array<[name: string, value: string | string[] | undefined]> = [
    ['nothing', undefined], ['nothing in it', ''], ['the origin', 'https://chat.example'], ['any', '*'], ['two', ['https://a.example', 'https://b.example']]
  ]
  for (const [name, value] of said) {
    const headers = value === undefined ? {} : { 'Access-Control-Allow-Origin': value }
    const bodies = { whole: { fault: { headers } }, stream: { stream: true, fault: { headers } }, failure: { fault: { status: 500, headers } } }
    for (const [kind, body] of Object.entries(bodies)) {
      const answer = await ask(port, 'POST /v1/chat/completions', { Origin: 'https://chat.example' }, chat(body))
      t.equal(answer.status, kind === 'failure' ? 500 : 200)
      t.match(answer.header('content-type'), [kind === 'stream' ? 'text/event-stream' : 'application/json'])
      t.strictSame(answer.header(ORIGIN), ['*'], `${kind}, with ${name}`)
      t.equal(corsHeaders(answer).length, 1)
    }
  }
})

t.test('so have errors and what needs no server', async (t) => {
  const broken = { cmd: upstreamCommand({ exitCode: 1 }) }
  const { app, port } = await startStandalone(t, { config: { models: { broken } } })
  const post = (body: string, headers: Record<string, string> = {}, path = '/v1/chat/completions'): Promise<RawAnswer> => ask(port, `POST ${path}`, headers, body)
  const cases: Array<[name: string, status: number, answer: Promise<RawAnswer>]> = [
    ['listing', 200, ask(port, 'GET /v1/models')],
    ['HEAD', 200, ask(port, 'HEAD /v1/models')],
    ['unknown model', 404, post(chat())],
    ['unknown model, Anthropic', 404, post(chat(), {}, '/v1/messages')],
    ['not JSON', 400, post('hello')],
    ['a type that cannot be read', 415, post(chat(), { 'Content-Type': ';' })],
    ['a server that does not start', 502, post(chat({ model: 'broken' }))],
    ['a hook that refuses', 403, post(chat(), { Host: 'evil.example' })]
  ]
  for (const [name, status, answer] of cases) {
    t.equal((await answer).status, status, name)
    t.strictSame((await answer).header(ORIGIN), ['*'], name)
  }
  await app.llamaSwap.drain()
  const closing = await post(chat({ model: 'broken' }))
  t.equal(closing.status, 503)
  t.strictSame(closing.header(ORIGIN), ['*'])
})

t.test('an error in the middle of a stream', async (t) => {
  const { port } = await startStandalone(t)
  const answer = await ask(port, 'POST /v1/chat/completions', {}, chat({ stream: true, fault: { die: 'fin', dieAfterChunks: 2 } }))
  t.match(answer.body, /upstream_truncated/)
  t.strictSame(answer.header(ORIGIN), ['*'])
})

t.test('all else has none, or what the server itself says', async (t) => {
  const { port } = await startStandalone(t)
  for (const [line, status] of [['GET /running', 200], ['GET /health', 200], ['GET /nope', 404], ['POST /running', 405], ['GET /upstream/nope/x', 404], ['GET /upstream/a/health', 200]] as const) {
    const answer = await ask(port, line)
    t.equal(answer.status, status, line)
    t.strictSame(corsHeaders(answer), [], line)
  }
  const fault = { headers: { 'Access-Control-Allow-Origin': 'https://chat.example' } }
  const direct = await ask(port, 'POST /upstream/a/v1/chat/completions', { Origin: 'https://chat.example' }, chat({ fault }))
  t.strictSame(direct.header(ORIGIN), ['https://chat.example'])
})

t.test('preflight and answer on one connection of the real command', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models: {}\n' })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], { cwd })
  const socket = open(Number(new URL(await cli.url()).port))
  const answers = read(socket)
  socket.write('OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\nOrigin: https://chat.example\r\nAccess-Control-Request-Headers: authorization\r\n\r\n')
  await until(() => socket.bytesRead > 0)
  socket.write('GET /v1/models HTTP/1.1\r\nHost: localhost\r\nOrigin: https://chat.example\r\nConnection: close\r\n\r\n')
  const { status, text } = await answers
  t.equal(status, 204)
  t.match(text, /access-control-allow-headers: authorization\r\n/i)
  t.match(text, /HTTP\/1\.1 200 OK\r\n[^]*access-control-allow-origin: \*\r\n[^]*"object":"list"/i)
})
