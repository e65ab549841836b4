// Models within an app, behind its keys: API_KEY=secret npx tsx examples/bearer-auth.ts examples/llama-swap.yaml
//
//   curl http://localhost:3000/llm/v1/models -H 'authorization: Bearer secret'
//   curl http://localhost:3000/greeting -H 'authorization: Bearer secret'
import bearerAuth from '@fastify/bearer-auth'
import Fastify from 'fastify'
import llamaSwap from 'fastify-llama-swap'

const { API_KEY, PORT = '3000' } = process.env
const [config = 'llama-swap.yaml'] = process.argv.slice(2)
if (API_KEY === undefined) throw new Error('API_KEY is not set')

const app = Fastify({ logger: true })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { void app.close() })

// Guards every route of this app, the plugin's included. The key is not sent on to the servers.
await app.register(bearerAuth, { keys: new Set([API_KEY]) })
await app.register(llamaSwap, { config, prefix: '/llm' })

// A route of the host's own that uses a model.
app.get('/greeting', async (_request, reply) => {
  const response = await app.llamaSwap.fetch('demo-chat', '/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Say hello.' }] })
  })
  return reply.code(response.status).send(await response.json())
})

await app.listen({ port: Number(PORT) })
