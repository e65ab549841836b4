import { once } from 'node:events'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startPort } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'
import { startCli } from './helper/cli.ts'

const { cert, key } = selfSigned()
const config = (): string => `startPort: ${startPort()}\nmodels:\n  a:\n    cmd: ${JSON.stringify(upstreamCommand({ name: 'a' }))}\n`
const TLS = ['--tls-cert-file', 'cert.pem', '-tls-key-file', 'key.pem']

t.test('serves HTTPS, HTTP/1.1', async (t) => {
  const cwd = t.testdir({ 'config.yaml': config(), 'cert.pem': cert, 'key.pem': key })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0', ...TLS], { cwd })
  const [, port] = await cli.saw(/listening at https:\/\/127\.0\.0\.1:(\d+) with 1 model/)
  const sent = request({ port, host: 'localhost', path: '/v1/chat/completions', method: 'POST', ca: cert, headers: { 'content-type': 'application/json' } })
  sent.end('{"model":"a","messages":[],"stream":true}')
  const [response] = await once(sent, 'response') as [IncomingMessage]
  t.equal(response.statusCode, 200)
  t.equal(response.httpVersion, '1.1')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  t.match(text, /data: \[DONE\]\n\n$/)
  const negotiated = connect({ port: Number(port), host: '127.0.0.1', servername: 'localhost', ca: cert, ALPNProtocols: ['h2', 'http/1.1'] })
  await once(negotiated, 'secureConnect')
  t.equal(negotiated.alpnProtocol, 'http/1.1')
  await t.rejects(fetch(`http://127.0.0.1:${port}/health`), 'no plain HTTP')
  const startedAt = performance.now()
  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
  t.ok(performance.now() - startedAt < 5000, 'although a connection is open')
  negotiated.destroy()
})

t.test('files that are missing, or do not hold what they should: one line, exit code 1', async (t) => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const cwd = t.testdir({ 'config.yaml': config(), 'cert.pem': cert, 'key.pem': key, 'other.pem': other, 'text.pem': 'hello' })
  const cases: Array<[cert: string, key: string, says: RegExp]> = [
    ['missing.pem', 'key.pem', /^fastify-llama-swap: --tls-cert-file missing\.pem: there is no such file\n$/],
    ['cert.pem', '.', /^fastify-llama-swap: --tls-key-file \.: it is a directory\n$/],
    ['text.pem', 'key.pem', /^fastify-llama-swap: --tls-cert-file text\.pem: it holds no certificate in PEM form \(.*\)\n$/],
    ['cert.pem', 'text.pem', /^fastify-llama-swap: --tls-key-file text\.pem: it holds no private key in PEM form without a passphrase \(.*\)\n$/],
    ['cert.pem', 'other.pem', /^fastify-llama-swap: --tls-cert-file cert\.pem, --tls-key-file other\.pem: the certificate is of another key \(.*\)\n$/]
  ]
  for (const [certFile, keyFile, says] of cases) {
    // Also when nothing is to be started.
    for (const more of [[], ['--check']]) {
      const cli = startCli(t, ['--config', 'config.yaml', '--tls-cert-file', certFile, '--tls-key-file', keyFile, ...more], { cwd })
      t.equal(await cli.exit, 1)
      t.match(cli.stderr, says)
      t.equal(cli.stdout, '')
    }
  }
})
