import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { errors, isLlamaSwapError } from '../errors.ts'
import type { LlamaSwapError } from '../errors.ts'
import { errorBody } from '../protocol/error-body.ts'
import { errorHandler } from '../routes/error-handler.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** The app's error handler: for what the routes' own leaves to it, in the same shape. */
export function answerError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): unknown {
  if (isLlamaSwapError(error)) return errorHandler(error, request, reply)
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) return errorHandler(Object.assign(new errors.RequestInvalid(error.message), { statusCode: status }), request, reply)
  request.log.error(error)
  return errorHandler(new errors.Internal(), request, reply)
}

/** For a request that has no route because its path cannot be read; hooks and error handlers do not see it. */
export function answerUnroutable (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const error = new errors.PathInvalid()
  void reply.code(error.statusCode).type(JSON_TYPE).send(JSON.stringify(errorBody(error, 'plain')))
}

/** An error as a whole answer, for a connection on which there is no request to reply to. */
export function rawAnswer (error: LlamaSwapError): string {
  const body = JSON.stringify(errorBody(error, 'plain'))
  const { statusCode } = error
  return `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}
