import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { parseFlags } from '../lib/cli/flags.ts'
import { table } from '../lib/routes/table.ts'
import { selfSigned } from './helper/certificate.ts'
import { startCli } from './helper/cli.ts'
import { ask, send } from './helper/raw.ts'
import type { RawAnswer } from './helper/raw.ts'
import { startStandalone } from './helper/standalone.ts'

const FOREIGN_HOSTS = ['evil.example', 'evil.example:8080', 'localhost.evil.example', 'evil-localhost', '127.0.0.1.evil.example', '127.1', '128.0.0.1', '0.0.0.0', '192.0.2.1', '[::2]', '[::ffff:8.8.8.8]', 'user@localhost', 'localhost/x', 'localhost evil', 'localhost, evil.example', '[localhost]', '.', '']
const OWN_HOSTS = ['localhost', 'localhost:1', 'LocalHost', 'localhost.', 'localhost:', 'app.localhost:3000', '127.0.0.1:99', '127.8.9.10', '[::1]', '[::1]:8080', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]']

const refusal = ({ status, body }: RawAnswer): unknown => [status, (JSON.parse(body) as { error: { code?: string } }).error.code]
const HOST_FOREIGN = [403, 'host_foreign']
const ORIGIN_FOREIGN = [403, 'origin_foreign']

t.test('on a loopback address a foreign Host is refused, on every path and before anything else', async (t) => {
  const { app, port } = await startStandalone(t)
  for (const Host of FOREIGN_HOSTS) t.strictSame(refusal(await ask(port, 'GET /health', { Host })), HOST_FOREIGN, Host)
  for (const line of ['GET /health', 'GET /v1/models', 'GET /running', 'GET /upstream/a/', 'GET /nope', 'GET //health', 'DELETE /health', 'POST /v1/chat/completions']) {
    t.strictSame(refusal(await ask(port, line, { Host: 'evil.example' })), HOST_FOREIGN, line)
  }
  t.match(app.llamaSwap.status().models, [{ state: 'stopped' }], 'nothing is started')
  for (const Host of OWN_HOSTS) t.equal((await ask(port, 'GET /health', { Host })).body, 'OK', Host)
})

t.test('the refusal says what it is and what to do, in the shape of the route', async (t) => {
  const { port } = await startStandalone(t)
  const plain = await ask(port, 'GET /health', { Host: 'my-"box"' })
  t.strictSame(JSON.parse(plain.body), {
    src: 'llama-swap',
    error: {
      message: 'the Host header has "my-"box"", which is no name of this machine: ask for localhost, or start with --allow-host and that name',
      type: 'authentication_error',
      param: null,
      code: 'host_foreign'
    }
  })
  t.strictSame(plain.header('content-type'), ['application/json; charset=utf-8'])
  const anthropic = await ask(port, 'POST /v1/messages', { Host: 'evil.example' }, '{"model":"a"}')
  t.match(JSON.parse(anthropic.body), { type: 'error', error: { type: 'permission_error', message: /--allow-host/ } })
  t.ok((await ask(port, 'GET /health', { Host: 'x'.repeat(5000) })).body.length < 600, 'a long name is cut')
})

t.test('no Host: fine with HTTP/1.0, which has none; else the request is not valid', async (t) => {
  const { port } = await startStandalone(t)
  t.match(await send(port, 'GET /health HTTP/1.0\r\n\r\n'), { status: 200, body: 'OK' })
  t.strictSame(refusal(await send(port, 'GET /health HTTP/1.0\r\nHost: evil.example\r\n\r\n')), HOST_FOREIGN)
  t.strictSame(refusal(await send(port, 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')), [400, 'request_invalid'])
})

t.test('only the Host header counts: not what a proxy says, not the host of a whole URL', async (t) => {
  const { port } = await startStandalone(t)
  for (const headers of [{ 'X-Forwarded-Host': 'localhost' }, { Forwarded: 'host=localhost' }, { 'X-Forwarded-For': '127.0.0.1' }]) {
    t.strictSame(refusal(await ask(port, 'GET /health', { Host: 'evil.example', ...headers })), HOST_FOREIGN)
  }
  t.strictSame(refusal(await ask(port, 'GET http://localhost/health', { Host: 'evil.example' })), HOST_FOREIGN)
  t.equal((await ask(port, 'GET http://evil.example/health')).body, 'OK', 'a whole URL counts by its path')
  const chat = await ask(port, 'POST http://evil.example/v1/chat/completions?x=1', {}, '{"model":"a","messages":[]}')
  t.match(JSON.parse(chat.body), { upstream: { name: 'a' } }, 'and is proxied by its path')
  t.match(JSON.parse((await ask(port, 'GET http://evil.example/upstream/a/stats')).body), { name: 'a' })
})

t.test('names that are allowed', async (t) => {
  const { port } = await startStandalone(t, { allowedHosts: ['llm.example', '192.0.2.7'] })
  for (const Host of ['llm.example', 'LLM.example:443', '192.0.2.7:80', 'localhost']) t.equal((await ask(port, 'GET /health', { Host })).status, 200, Host)
  for (const Host of ['x.llm.example', 'llm.example.evil', '192.0.2.8']) t.strictSame(refusal(await ask(port, 'GET /health', { Host })), HOST_FOREIGN, Host)
  for (const Origin of ['https://llm.example', 'http://llm.example:3000', 'http://192.0.2.7']) t.equal((await ask(port, 'GET /running', { Origin })).status, 200, Origin)
  t.strictSame(refusal(await ask(port, 'GET /running', { Origin: 'https://x.llm.example' })), ORIGIN_FOREIGN)
})

t.test('pages of other sites may use the inference routes only', async (t) => {
  const { app, port } = await startStandalone(t)
  const foreign: Array<Record<string, string>> = [
    ...['https://evil.example', 'http://localhost.evil.example', 'http://evil.example:8080', 'null', '', 'localhost', 'file://', 'http://localhost, http://evil.example', 'http://user@localhost'].map((Origin) => ({ Origin })),
    { 'Sec-Fetch-Site': 'cross-site' }
  ]
  for (const headers of foreign) {
    const name = JSON.stringify(headers)
    for (const line of ['GET /running', 'HEAD /running', 'GET /upstream/a/stats', 'HEAD /upstream/a/stats', 'GET /upstream/a']) {
      const answer = await ask(port, line, headers)
      t.equal(answer.status, 403, `${line} ${name}`)
      if (!line.startsWith('HEAD')) t.strictSame(refusal(answer), ORIGIN_FOREIGN)
      t.strictSame(answer.header('access-control-allow-origin'), [])
    }
    t.match(app.llamaSwap.status().models, [{ state: 'stopped' }], 'an image of another site starts no server')
    t.equal((await ask(port, 'GET /v1/models', headers)).status, 200, name)
    t.equal((await ask(port, 'GET /health', headers)).status, 200, name)
    t.equal((await ask(port, 'GET /nope', headers)).status, 404, name)
  }
  t.match(JSON.parse((await ask(port, 'GET /running', { Origin: 'https://evil.example' })).body), { error: { message: /of https:\/\/evil\.example .*--allow-host/ } })
  const Origin = 'https://chat.example'
  t.equal((await ask(port, 'POST /v1/chat/completions', { Origin, 'Sec-Fetch-Site': 'cross-site' }, '{"model":"a"}')).status, 200)
  t.equal((await ask(port, 'POST /upstream/a/v1/chat/completions', { Origin }, '{"model":"a"}')).status, 200)
})

t.test('no page of another site reaches an admin route, by any method', async (t) => {
  const { app, port } = await startStandalone(t)
  await app.llamaSwap.load('a')
  const rows = table.filter(({ family }) => family === 'admin' || family === 'compat')
  t.ok(rows.some(({ path }) => path === '/unload') && rows.some(({ method }) => method === 'PUT'))
  for (const { method, path } of rows) {
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
      for (const each of [method].flat()) t.strictSame(refusal(await ask(port, `${each} ${path.replace('*', 'a')}`, headers, each === 'GET' ? '' : '{}')), ORIGIN_FOREIGN, `${each} ${path} ${JSON.stringify(headers)}`)
    }
  }
  t.match(app.llamaSwap.status().models, [{ state: 'ready' }], 'nothing is unloaded')
})

t.test('pages of this machine, and what is no page, may use everything', async (t) => {
  const { port } = await startStandalone(t)
  const own: Array<Record<string, string>> = [
    {},
    ...['http://localhost:3000', 'https://localhost', 'http://127.0.0.1:8080', 'http://[::1]:5173', 'http://app.localhost', 'tauri://localhost'].map((Origin) => ({ Origin })),
    // To the browser localhost and 127.0.0.1 are two sites.
    { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'cross-site' },
    ...['same-origin', 'same-site', 'none'].map((site) => ({ 'Sec-Fetch-Site': site }))
  ]
  for (const headers of own) {
    for (const line of ['GET /running', 'GET /upstream/a/stats']) t.equal((await ask(port, line, headers)).status, 200, `${line} ${JSON.stringify(headers)}`)
  }
})

t.test('beyond loopback any Host will do, and pages from there count as own', async (t) => {
  const { port } = await startStandalone(t, { host: '0.0.0.0' })
  t.equal((await ask(port, 'GET /health', { Host: 'gpu1.example' })).status, 200)
  const Host = 'gpu1.example:8080'
  for (const Origin of ['http://gpu1.example:8080', 'https://gpu1.example', 'http://localhost:3000']) t.equal((await ask(port, 'GET /running', { Host, Origin })).status, 200, Origin)
  for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
    t.strictSame(refusal(await ask(port, 'GET /running', { Host, ...headers })), ORIGIN_FOREIGN)
  }
  for (const Host of ['', '[']) t.strictSame(refusal(await ask(port, 'GET /running', { Host, Origin: 'null' })), ORIGIN_FOREIGN, 'names that cannot be read are not the same')
  const address = Object.values(networkInterfaces()).flat().find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address
  if (address !== undefined) t.equal((await ask(port, 'GET /running', { Host: `${address}:${port}`, Origin: `http://${address}:${port}` }, '', { host: address })).status, 200)
})

t.test('HTTPS', async (t) => {
  const { cert, key } = selfSigned()
  const { port } = await startStandalone(t, { tls: { cert: Buffer.from(cert), key: Buffer.from(key) }, allowedHosts: ['llm.example'] })
  const where = { ca: cert }
  t.strictSame(refusal(await ask(port, 'GET /health', { Host: 'evil.example' }, '', where)), HOST_FOREIGN)
  t.equal((await ask(port, 'GET /health', { Host: 'llm.example' }, '', where)).status, 200)
  t.strictSame(refusal(await ask(port, 'GET /running', { Origin: 'https://evil.example' }, '', where)), ORIGIN_FOREIGN)
  const answer = await ask(port, 'POST /v1/chat/completions', {}, '{"model":"a"}', where)
  t.strictSame([answer.status, answer.header('access-control-allow-origin')], [200, ['*']])
})

t.test('--allow-host', async (t) => {
  t.strictSame(parseFlags(['--allow-host', 'LLM.example.com.', '-allow-host=192.0.2.1', '--allow-host', '::1', '--allow-host', '[FE80::1]', '--allow-host=host_1']).allowedHosts, ['llm.example.com', '192.0.2.1', '::1', 'fe80::1', 'host_1'])
  for (const name of ['https://llm.example', 'llm.example:80', '[::1]:80', 'llm.example/', 'a,b', 'a b', '*', '*.example', '.', 'user@host']) {
    t.throws(() => parseFlags(['--allow-host', name]), { message: /^--allow-host ".*" is no name of a machine: write it without scheme, port and path, such as llm\.example\.com/ }, name)
  }
  t.throws(() => parseFlags(['--allow-host']), { message: /^--allow-host needs a value/ })
})

t.test('the real command: allowed names; the demo on the next free port', async (t) => {
  const cwd = t.testdir({ 'config.yaml': 'models: {}\n' })
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`
  const own = startCli(t, ['--config', 'config.yaml', '--listen', 'localhost:0', '--allow-host', 'llm.example', '-allow-host=gpu1'], { cwd })
  const demo = startCli(t, ['--listen', address])
  const all = startCli(t, ['--config', 'config.yaml', '--listen', ':0'], { cwd })

  const { hostname, port } = new URL(await own.url())
  for (const Host of ['llm.example', 'gpu1:8080', 'localhost']) t.equal((await ask(Number(port), 'GET /health', { Host }, '', { host: hostname })).status, 200, Host)
  t.strictSame(refusal(await ask(Number(port), 'GET /health', { Host: 'evil.example' }, '', { host: hostname })), HOST_FOREIGN)

  const demoPort = Number(new URL(await demo.url()).port)
  t.not(demoPort, (taken.address() as AddressInfo).port)
  t.equal((await ask(demoPort, 'GET /health')).status, 200)
  t.strictSame(refusal(await ask(demoPort, 'GET /health', { Host: 'evil.example' })), HOST_FOREIGN)

  t.equal((await ask(Number(new URL(await all.url()).port), 'GET /health', { Host: 'gpu1' })).status, 200)
})
