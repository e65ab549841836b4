// A server of its own in ten lines: npx tsx examples/standalone.ts examples/llama-swap.yaml
import Fastify from 'fastify'
import llamaSwap from 'fastify-llama-swap'

const { PORT = '8080' } = process.env
const [config = 'llama-swap.yaml'] = process.argv.slice(2)

const app = Fastify({ logger: true })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { void app.close() })
await app.register(llamaSwap, { config, routes: { upstream: true, admin: true, health: true } })
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
