import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLlamaSwapError } from '../errors.ts'
import { errorBody } from '../protocol/error-body.ts'
import type { Family } from '../options.ts'
import type { Protocol } from '../protocol/protocol.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How errors of a llama-swap route look. */
    llamaSwapProtocol?: Protocol
    /** The family of a llama-swap route. */
    llamaSwapFamily?: Family
  }
}

/** Answers our own errors in the client's protocol; every other one is the host's. */
export function errorHandler (error: Error, request: FastifyRequest, reply: FastifyReply): unknown {
  if (!isLlamaSwapError(error)) throw error
  if (error.statusCode >= 500) request.log.warn({ err: { code: error.code, message: error.message, detail: error.detail } }, 'llama-swap request failed')
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  return reply.code(error.statusCode).type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error, request.routeOptions.config.llamaSwapProtocol ?? 'plain')))
}
