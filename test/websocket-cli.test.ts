import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { startPort } from './helper/app.ts'
import { selfSigned } from './helper/certificate.ts'
import { startCli } from './helper/cli.ts'
import { connectWebSocket } from './helper/websocket.ts'
import { ACCEPT } from './helper/websocket-gateway.ts'

t.test('the command line lets WebSockets through, also to servers with a certificate that it trusts', async (t) => {
  const certificate = selfSigned()
  const server = createServer(certificate, (socket) => {
    socket.on('error', () => {}).once('data', (head) => {
      socket.write(`${ACCEPT}${String(head).split('\r\n', 1)[0]}`)
      socket.pipe(socket)
    })
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'websocket-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [ca, config] = [join(folder, 'ca.pem'), join(folder, 'config.yaml')]
  writeFileSync(ca, certificate.cert)
  writeFileSync(config, JSON.stringify({
    startPort: startPort(),
    models: {
      a: { cmd: upstreamCommand({ name: 'a' }) },
      far: { cmd: 'sleep 600', proxy: `https://localhost:${(server.address() as AddressInfo).port}`, checkEndpoint: 'none' }
    }
  }))
  const cli = startCli(t, ['--config', config, '--listen', '127.0.0.1:0'], { env: { NODE_EXTRA_CA_CERTS: ca } })
  const url = (await cli.url()).replace('http', 'ws')
  const ws = await connectWebSocket(`${url}/upstream/a/ws`)
  t.equal(String((await ws.next()).data), 'hello from a')
  ws.socket.destroy()
  const far = await connectWebSocket(`${url}/upstream/far/ws`)
  t.equal(far.status, 101)
  far.socket.end()
  t.equal((await far.end()).rest, 'GET /ws HTTP/1.1')
  cli.kill('SIGTERM')
  await cli.exit
})
