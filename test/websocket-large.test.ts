import { once } from 'node:events'
import t from 'tap'
import { ACCEPT, gatewayTo, scripted, startGateway } from './helper/websocket-gateway.ts'

const MIB = 1024 * 1024

t.test('messages of 16 MiB to and from a client that takes its time arrive whole', async (t) => {
  const gateway = await startGateway(t)
  const ws = await gateway.open()
  await ws.next()
  const sent = Buffer.alloc(16 * MIB, 'some bytes and more')
  for (let i = 0; i < 2; i++) {
    ws.send(sent)
    ws.socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 300))
    ws.socket.resume()
    const { data } = await ws.next()
    t.ok(data.equals(sent))
  }
})

t.test('a client that does not read holds the server back, and the other way round', async (t) => {
  const servers: Array<import('node:net').Socket> = []
  const gateway = await gatewayTo(t, await scripted(t, (socket) => {
    servers.push(socket)
    socket.write(ACCEPT)
  }))
  const chunk = Buffer.alloc(MIB / 2, 'x')
  for (const backwards of [false, true]) {
    const { socket: client } = await gateway.open()
    const server = servers.pop()!
    const [from, to] = backwards ? [client, server] : [server, client]
    to.pause()
    let flown = 0
    let stuck = false
    // Until nothing has moved for a while.
    while (!stuck) {
      if (!from.write(chunk)) stuck = await Promise.race([once(from, 'drain').then(() => false), new Promise<true>((resolve) => setTimeout(resolve, 500, true))])
      flown += chunk.length
      if (flown > 200 * MIB) break
    }
    t.ok(flown < 64 * MIB, `${flown / MIB} MiB are under way, most of it in the kernel`)
    let taken = 0
    to.on('data', (bytes) => { taken += bytes.length }).resume()
    from.end()
    await once(to, 'end')
    t.equal(taken, flown)
    client.destroy()
  }
})
