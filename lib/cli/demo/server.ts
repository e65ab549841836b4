/*
 * A stand-in for an inference server: OpenAI's routes, a second to load, tokens at a human pace. Started by the demo as any
 * server is: node server.js --port 5800 --model demo-chat --role chat
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { answerChat } from './chat.ts'
import { BadRequest, readJson, sendError, sendJson } from './exchange.ts'
import { answerEmbeddings } from './embeddings.ts'
import { Life } from './life.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    model: { type: 'string', default: 'demo' },
    role: { type: 'string', default: 'chat' },
    'load-ms': { type: 'string', default: '950' }
  }
})
const life = new Life(values.model)

async function answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url!.split('?', 1)[0]!
  const isEmbedder = values.role === 'embed'
  if (life.isLoading) return sendError(response, 503, 'Loading model', 'unavailable_error')
  switch (`${request.method} ${path}`) {
    case 'GET /health': return sendJson(response, { status: 'ok' })
    case 'GET /v1/models': return sendJson(response, { object: 'list', data: [{ id: values.model, object: 'model', created: life.startedAt, owned_by: 'demo' }] })
    case 'POST /v1/chat/completions':
      if (isEmbedder) throw new BadRequest(`${values.model} only embeds: POST /v1/embeddings`)
      return answerChat(await readJson(request), response, life, values.role)
    case 'POST /v1/embeddings':
      if (!isEmbedder) throw new BadRequest(`${values.model} only chats: POST /v1/chat/completions`)
      return sendJson(response, answerEmbeddings(await readJson(request), values.model))
    default: return sendError(response, 404, `${values.model} has no ${request.method} ${path}`, 'not_found_error')
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => {
    // Whoever has left needs no answer.
    if (response.destroyed) return
    if (error instanceof BadRequest) sendError(response, 400, error.message, 'invalid_request_error')
    else response.destroy(error)
  })
})
server.listen(Number(values.port), '127.0.0.1', () => {
  life.say(`listening on port ${(server.address() as AddressInfo).port}`)
  life.load(Number(values['load-ms']))
})

process.on('SIGTERM', () => process.exit(0))
