import type { Socket } from 'node:net'
import t from 'tap'
import { ask, gatewayTo, modelOf } from './helper/gateway-to.ts'
import { serve } from './helper/silent-server.ts'

// llama-server does so (0.7.0): the connection of an event stream is closed right after it, though its headers said `Keep-Alive`. A request sent meanwhile is lost.
t.test('a connection that has carried an event stream is not used again, others are', async (t) => {
  const closing = new WeakSet<Socket>()
  const connections = new Set<Socket>()
  const origin = await serve(t, ({ socket, headers }, response) => {
    connections.add(socket)
    if (closing.has(socket)) {
      socket.destroy()
    } else if (headers['x-want'] === 'stream') {
      closing.add(socket)
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'keep-alive', 'keep-alive': 'timeout=5, max=100' })
      response.end('data: [DONE]\n\n')
    } else {
      response.end('{}')
    }
  })
  const test = await gatewayTo(t, origin, {})
  const { app } = test

  for (let count = 1; count <= 5; count++) {
    t.equal(await (await ask(t, test, { 'x-want': 'stream' }).answer).text(), 'data: [DONE]\n\n')
    t.equal((await ask(t, test).answer).status, 200, 'the next request reaches the server')
    t.equal((await ask(t, test).answer).status, 200)
    t.equal(connections.size, count + 1)
  }

  const before = connections.size
  for (let count = 1; count <= 5; count++) {
    const stream = await app.llamaSwap.fetch('a', '/x', { headers: { 'x-want': 'stream' } })
    t.equal(await stream.text(), 'data: [DONE]\n\n')
    t.equal(await (await app.llamaSwap.fetch('a', '/x')).text(), '{}', 'the same for the host\'s own code')
  }
  t.equal(connections.size, before + 5)
  t.equal(modelOf(test).leases, 0)
})
