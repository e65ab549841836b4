// What is between us and a peer: TLS, and the proxies of the environment.
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import type { PeerInput } from '../index.ts'
import { startApp } from './helper/app.ts'
import type { TestApp } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'
import { startCli } from './helper/cli.ts'
import { echoServer } from './helper/echo-server.ts'
import { forwardProxy } from './helper/forward-proxy.ts'
import { quietPort } from './helper/quiet-port.ts'

const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']

/** Sets the environment's proxies for one test. */
function setEnvironment (t: Test, env: Record<string, string>): void {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const)
  for (const name of VARIABLES) delete process.env[name]
  Object.assign(process.env, env)
  t.teardown(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
}

const ask = ({ url }: { url: string }, model = 'remote', body: object = {}): Promise<Response> => fetch(`${url}/v1/chat/completions`, {
  method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer client' }, body: JSON.stringify({ model, ...body })
})

const peerAt = (t: Test, proxy: string, more: Partial<PeerInput> = {}): Promise<TestApp> => startApp(t, { peers: { p: { proxy, models: ['remote'], ...more } } })

async function tlsServer (t: Test, { cert, key }: { cert: string, key: string }): Promise<number> {
  const server = createServer({ cert, key }, (request, response) => { response.end(JSON.stringify({ host: request.headers.host, url: request.url })) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function isUntrusted (t: Test, response: Response, model: string): Promise<void> {
  t.equal(response.status, 502)
  t.match(await response.json(), { error: { code: 'upstream_untrusted', message: `the server of the model "${model}" could not prove who it is: its certificate is not valid here` } })
}

t.test('a certificate that nobody vouches for is refused; the operator is told why', async (t) => {
  setEnvironment(t, {})
  const port = await tlsServer(t, selfSigned())
  const lines: string[] = []
  const app = await startApp(t, { peers: { p: { proxy: `https://localhost:${port}`, models: ['remote'] } } }, { fastify: { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } } } })
  await isUntrusted(t, await ask(app), 'p/remote')
  t.match(lines.at(-1), /self.signed certificate/)
})

t.test('a server that speaks no TLS: 502', async (t) => {
  setEnvironment(t, {})
  const plain = await echoServer(t)
  const response = await ask(await peerAt(t, plain.origin.replace('http:', 'https:')))
  t.equal(response.status, 502)
  t.match(await response.json(), { error: { code: 'upstream_failed' } })
  t.equal(plain.seen.length, 0)
})

t.test('a certificate that the system trusts is good for its names, also through a tunnel', async (t) => {
  const certificate = selfSigned('peer.test')
  const port = await tlsServer(t, certificate)
  const proxy = await forwardProxy(t, { 'peer.test': `https://127.0.0.1:${port}`, 'other.test': `https://127.0.0.1:${port}` })
  const peer = (id: string, url: string): string => `  ${id}:\n    proxy: ${url}\n    models: [remote]\n`
  const cwd = t.testdir({
    'cert.pem': certificate.cert,
    'config.yaml': 'peers:\n' + peer('direct', `https://localhost:${port}/base`) + peer('tunnel', 'https://peer.test/base') + peer('wrong', 'https://other.test')
  })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], {
    cwd, env: { NODE_EXTRA_CA_CERTS: `${cwd}/cert.pem`, HTTPS_PROXY: proxy.url, HTTP_PROXY: '', NO_PROXY: '', http_proxy: '', https_proxy: '', no_proxy: '' }
  })
  const url = await cli.url()
  t.strictSame(await (await ask({ url }, 'direct/remote')).json(), { host: `localhost:${port}`, url: '/base/v1/chat/completions' })
  t.strictSame(proxy.asked, [], 'this machine is reached directly')
  t.strictSame(await (await ask({ url }, 'tunnel/remote')).json(), { host: 'peer.test', url: '/base/v1/chat/completions' })
  t.strictSame(await (await ask({ url }, 'tunnel/remote')).json(), { host: 'peer.test', url: '/base/v1/chat/completions' })
  t.strictSame(proxy.asked.map(({ what }) => what), ['CONNECT peer.test:443'], 'one tunnel for both')
  await isUntrusted(t, await ask({ url }, 'wrong/remote'), 'wrong/remote')
})

t.test('HTTP_PROXY is asked for plain HTTP, in one request each', async (t) => {
  const peer = await echoServer(t, 'peer')
  const proxy = await forwardProxy(t, { 'peer.test': peer.origin, 'peer.test:8080': peer.origin })
  setEnvironment(t, { HTTP_PROXY: proxy.url.replace('//', '//user:p%40ss@') })
  const app = await peerAt(t, 'http://peer.test/base', { apiKey: 'theirs' })
  t.match(await (await ask(app, 'p/remote', { é: 1 })).json(), { name: 'peer', url: '/base/v1/chat/completions', body: /"model":"remote"/, headers: { host: 'peer.test', authorization: 'Bearer theirs' } })
  t.strictSame(proxy.asked.map(({ what }) => what), ['POST http://peer.test/base/v1/chat/completions'])
  t.equal(proxy.asked[0]!.headers['proxy-authorization'], `Basic ${Buffer.from('user:p@ss').toString('base64')}`)
  t.notHas(peer.seen[0]!.headers, { 'proxy-authorization': String })
  const other = await peerAt(t, 'http://peer.test:8080')
  t.equal((await ask(other)).status, 200)
  t.equal(proxy.asked.at(-1)!.what, 'POST http://peer.test:8080/v1/chat/completions')
  t.match(await (await app.app.llamaSwap.fetch('remote', '/x')).json(), { name: 'peer', url: '/base/x' }, 'from code too')
})

t.test('streams, departures and limits are the same through a proxy', async (t) => {
  const peer = await echoServer(t, 'peer')
  const proxy = await forwardProxy(t, { 'peer.test': peer.origin })
  setEnvironment(t, { http_proxy: proxy.url })
  const app = await peerAt(t, 'http://peer.test', { timeouts: { responseHeader: 1 } })
  peer.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  }
  const client = new AbortController()
  const response = await fetch(`${app.url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"remote","stream":true}', signal: client.signal })
  t.equal(Buffer.from((await response.body!.getReader().read()).value!).toString(), 'data: 1\n\n')
  client.abort()
  peer.answer = () => {}
  const slow = await ask(app)
  t.equal(slow.status, 504)
  t.match(await slow.json(), { error: { code: 'upstream_timeout' } })
})

t.test('NO_PROXY, and what is on this machine, goes directly', async (t) => {
  const peer = await echoServer(t, 'peer')
  const proxy = await forwardProxy(t, { 'peer.test': peer.origin })
  setEnvironment(t, { HTTP_PROXY: proxy.url, NO_PROXY: 'example.com,.test' })
  const refused = await ask(await peerAt(t, 'http://peer.test'))
  t.equal(refused.status, 502, 'nobody knows the name but the proxy')
  t.equal((await ask(await peerAt(t, peer.origin))).status, 200)
  t.strictSame(proxy.asked, [])
})

t.test('a proxy that is down, refuses, or is none: 502, without its address', async (t) => {
  const refusing = await forwardProxy(t, {}, { refuseWith: 407 })
  const cases: Array<[what: string, env: Record<string, string>, peer: string, code: string]> = [
    ['down', { HTTP_PROXY: `http://127.0.0.1:${await quietPort()}` }, 'http://peer.test', 'upstream_unreachable'],
    ['down, for a tunnel', { HTTPS_PROXY: `http://127.0.0.1:${await quietPort()}` }, 'https://peer.test', 'upstream_unreachable'],
    ['wants a password', { HTTP_PROXY: refusing.url }, 'http://peer.test', 'upstream_failed'],
    ['wants a password, for a tunnel', { HTTPS_PROXY: refusing.url }, 'https://peer.test', 'upstream_failed'],
    ['no URL', { HTTP_PROXY: 'http://' }, 'http://peer.test', 'upstream_unreachable']
  ]
  for (const [what, env, url, code] of cases) {
    await t.test(what, async (t) => {
      setEnvironment(t, env)
      const response = await ask(await peerAt(t, url))
      t.equal(response.status, 502)
      const text = await response.text()
      t.match(JSON.parse(text), { error: { code } })
      t.notMatch(text, /127\.0\.0\.1/)
    })
  }
})
