// A gateway in a process of its own, so that its figures are only its own. It does what its parent says.
import Fastify from 'fastify'
import llamaSwap from 'fastify-llama-swap'
import { serveCalls } from '../../helper/serve-calls.mjs'
import { counts, memory, objects } from './figures.mjs'

const { config, instance } = JSON.parse(process.argv[2])
const app = Fastify({ forceCloseConnections: true })
await app.register(llamaSwap, { config, instance })
await app.listen({ port: 0, host: '127.0.0.1' })

serveCalls({
  url: () => app.listeningOrigin,
  load: (model) => app.llamaSwap.load(model),
  unload: (model, options) => app.llamaSwap.unload(model, options),
  status: () => app.llamaSwap.status().models.map(({ model, state, pid, leases, waiting }) => ({ model, state, pid, leases, waiting })),
  /** As the host's own code would, which reads the answer or has lost interest. */
  async fetch (model, body, read) {
    const response = await app.llamaSwap.fetch(model, '/v1/chat/completions', { method: 'POST', body: JSON.stringify(body) })
    return read ? response.text() : response.body.cancel()
  },
  counts: () => counts(app.llamaSwap),
  objects,
  memory,
  /** Then nothing may keep this process alive. */
  async close () {
    await app.close()
    process.disconnect()
  }
})
