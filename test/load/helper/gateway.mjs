// A gateway in a process of its own, so that its figures are only its own. It does what its parent says.
import Fastify from 'fastify'
import llamaSwap from 'fastify-llama-swap'
import { counts, memory } from '../../soak/helper/figures.mjs'
import { loopDelay, restartLoopDelay } from './loop-delay.mjs'
import { serveCalls } from '../../helper/serve-calls.mjs'

const { config, instance } = JSON.parse(process.argv[2])
const app = Fastify({ forceCloseConnections: true })
await app.register(llamaSwap, { config, instance })
await app.listen({ port: 0, host: '127.0.0.1' })

let loads = 0
app.llamaSwap.on('state', ({ to }) => { if (to === 'ready') loads++ })

function serverListeners () {
  return Object.fromEntries(app.server.eventNames().map((name) => [`server listener: ${String(name)}`, app.server.listenerCount(name)]))
}

serveCalls({
  url: () => app.listeningOrigin,
  load: (model) => app.llamaSwap.load(model),
  unload: () => app.llamaSwap.unload(),
  status: () => app.llamaSwap.status().models.map(({ model, state, leases, waiting }) => ({ model, state, leases, waiting })),
  /** How often a model became ready. */
  loads: () => loads,
  counts: () => ({ ...counts(app.llamaSwap), ...serverListeners() }),
  /** After garbage collection. */
  memory,
  /** As it is. */
  rss: () => process.memoryUsage.rss(),
  restartLoopDelay,
  loopDelay,
  /** Then nothing may keep this process alive. */
  async close () {
    await app.close()
    process.disconnect()
  }
})
