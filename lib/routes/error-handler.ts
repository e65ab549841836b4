import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLlamaSwapError } from '../errors.ts'
import type { Family } from '../options.ts'
import { renderError } from '../protocol/error-body.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { logFailure } from '../proxy/log-failure.ts'

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
  logFailure(request.log, error)
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  const { type, body } = renderError(error, request.routeOptions.config.llamaSwapProtocol ?? 'plain', request.headers.accept)
  return reply.code(error.statusCode).type(type).send(body)
}
