import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import { buildConnector } from 'undici'
import { pinLocalhost } from '../lib/model/pin-localhost.ts'

type Connect = buildConnector.connector

/** A connector that notes where it was told to go. */
function recorder (): { hosts: string[], connect: (host: string, port: number, protocol?: string) => Promise<Socket> } {
  const hosts: string[] = []
  const real = buildConnector({})
  const connect = pinLocalhost(((to, done) => {
    hosts.push(to.hostname)
    real(to, done)
  }) as Connect)
  return {
    hosts,
    connect: (hostname, port, protocol = 'http:') => new Promise((resolve, reject) => {
      connect({ hostname, host: `${hostname}:${port}`, protocol, port: String(port) }, (error, socket) => error === null ? resolve(socket!) : reject(error))
    })
  }
}

t.test('localhost is looked up once, until a connection fails', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { hosts, connect } = recorder()
  for (let n = 0; n < 3; n++) (await connect('localhost', port)).destroy()
  t.strictSame(hosts, ['localhost', '127.0.0.1', '127.0.0.1'])
  server.close()
  await once(server, 'close')
  await t.rejects(connect('localhost', port))
  await t.rejects(connect('localhost', port))
  t.strictSame(hosts.slice(3), ['127.0.0.1', 'localhost'])
})

t.test('other names and TLS are looked up each time', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { hosts, connect } = recorder()
  for (let n = 0; n < 2; n++) (await connect('127.0.0.1', port)).destroy()
  for (let n = 0; n < 2; n++) await t.rejects(connect('localhost', port, 'https:'))
  t.strictSame(hosts, ['127.0.0.1', '127.0.0.1', 'localhost', 'localhost'])
})
