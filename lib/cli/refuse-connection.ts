import type { ConnectionError, FastifyInstance } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { errors } from '../errors.ts'
import type { LlamaSwapError } from '../errors.ts'
import { rawAnswer } from './error-answers.ts'
import type { Limits } from './listener.ts'

// What a refused client has to read the reason.
const LAST_WORDS = 1000

type ClientErrorHandler = (this: FastifyInstance, error: ConnectionError, socket: Socket) => void

/** Ends a connection that sends no HTTP, or not in time, with an answer that says so. */
export function refuseConnection (limits: Limits): ClientErrorHandler {
  return function (error, socket) {
    this.log.trace({ err: error }, 'a connection is refused')
    const reason = reasonOf(error, limits)
    // As Node itself does: nothing may be written into an answer under way, which is cut instead.
    const answer = (socket as unknown as { _httpMessage?: ServerResponse })._httpMessage
    if (reason === undefined || !socket.writable || answer?.headersSent === true) {
      socket.destroy()
      return
    }
    socket.write(rawAnswer(reason))
    socket.destroySoon()
    // A client that does not read could keep it open.
    socket.setTimeout(LAST_WORDS, () => socket.destroy())
  }
}

/** Undefined for what is no matter of HTTP: a reset connection, a failed TLS handshake. */
function reasonOf (error: Error & { code?: string, reason?: string }, { headersTimeout, maxHeaderSize }: Limits): LlamaSwapError | undefined {
  const { code } = error
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new errors.RequestTimeout(headersTimeout / 1000)
  if (code === 'HPE_HEADER_OVERFLOW') return new errors.HeadersTooLarge(maxHeaderSize)
  return code?.startsWith('HPE_') === true ? new errors.RequestInvalid(error.reason ?? 'it cannot be read') : undefined
}

/** CONNECT, which Node answers with a closed connection unless somebody listens for it. */
export function refuseTunnel (_request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => {})
  socket.end(rawAnswer(new errors.RequestInvalid('CONNECT is for proxies, and this is none')), () => socket.destroy())
}
