import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { accepts, releasePort, reservePort } from '../lib/launcher/local/port.ts'
import { quietPort } from './helper/quiet-port.ts'

async function listen (t: Test, port = 0, host = '127.0.0.1'): Promise<{ server: Server, port: number }> {
  const server = createServer((socket) => socket.destroy()).listen(port, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { server, port: (server.address() as AddressInfo).port }
}

async function hasIpv6 (): Promise<boolean> {
  const server = createServer().listen(0, '::1')
  const works = await once(server, 'listening').then(() => true, () => false)
  if (works) server.close()
  return works
}

t.test('the preferred port, when it is free', async (t) => {
  const preferred = await quietPort()
  t.equal(await reservePort(preferred), preferred)
  releasePort(preferred)
  t.equal(await reservePort(preferred), preferred, 'again, once it is released')
  releasePort(preferred)
})

t.test('the preferred port is taken: another one', async (t) => {
  const { port: taken } = await listen(t)
  const port = await reservePort(taken)
  t.not(port, taken)
  t.equal(await accepts(port, '127.0.0.1'), false)
  releasePort(port)
})

t.test('the preferred port is taken on all addresses: another one', async (t) => {
  const { port: taken } = await listen(t, 0, '0.0.0.0')
  const port = await reservePort(taken)
  t.not(port, taken)
  releasePort(port)
})

t.test('the preferred port is taken on IPv6 only, where clients of localhost would find it: another one', async (t) => {
  if (!await hasIpv6()) return t.comment('there is no IPv6 here')
  const { port: taken } = await listen(t, 0, '::1')
  if (!await accepts(taken)) return t.comment('localhost has no IPv6 address here')
  const port = await reservePort(taken)
  t.not(port, taken)
  releasePort(port)
})

t.test('a preferred number that is no port: another one', async (t) => {
  for (const preferred of [65_536, 70_000]) {
    const port = await reservePort(preferred)
    t.ok(port > 0 && port < 65_536)
    releasePort(port)
  }
})

t.test('two reservations are never equal', async (t) => {
  const preferred = await quietPort()
  const ports = await Promise.all(Array.from({ length: 100 }, (_, index) => reservePort(index % 2 === 0 ? preferred : undefined)))
  t.equal(new Set(ports).size, ports.length)
  t.ok(ports.includes(preferred))
  ports.forEach(releasePort)
})

t.test('a port that was found taken is not kept from others for good', async (t) => {
  const { server, port: taken } = await listen(t, await quietPort())
  const other = await reservePort(taken)
  server.close()
  await once(server, 'close')
  t.equal(await reservePort(taken), taken)
  releasePort(taken)
  releasePort(other)
})

t.test('accepts tells whether somebody listens', async (t) => {
  const { server, port } = await listen(t, await quietPort())
  t.equal(await accepts(port), true)
  server.close()
  await once(server, 'close')
  t.equal(await accepts(port), false)
})
