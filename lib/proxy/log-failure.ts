import type { FastifyBaseLogger } from 'fastify'
import { isLlamaSwapError } from '../errors.ts'

/** Tells the operator of a request that failed, with what clients may not know; not if the client is to blame. */
export function logFailure (log: FastifyBaseLogger, error: Error): void {
  if (!isLlamaSwapError(error)) log.error(error, 'llama-swap request failed')
  else if (error.statusCode >= 500) log.warn({ err: { code: error.code, message: error.message, detail: error.detail } }, 'llama-swap request failed')
}
