import type { FastifyInstance, FastifyRequest } from 'fastify'

const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE, OPTIONS'
const USUAL_HEADERS = 'Content-Type, Authorization, Accept, X-Requested-With'
const DAY = '86400'

// RFC 9110 section 5.6.2.
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * Lets web pages of any origin use the inference routes, as llama-swap does: every preflight is granted, whatever its path, before it is looked at further.
 * To be set up before whatever refuses requests, so that pages can read the refusals too.
 */
export function allowAnyOrigin (app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'OPTIONS') {
      reply.code(204).headers({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': ALLOWED_METHODS,
        'access-control-allow-headers': allowedHeaders(request),
        'access-control-max-age': DAY
      }).send()
      return
    }
    // Set before the answer of a server comes, it takes the place of the server's own.
    if (request.routeOptions.config.llamaSwapFamily === 'inference') reply.header('access-control-allow-origin', '*')
    done()
  })
}

/** The header names that a preflight asks for, but for what cannot be a name. */
function allowedHeaders ({ headers }: FastifyRequest): string {
  const wanted = headers['access-control-request-headers']
  if (!wanted) return USUAL_HEADERS
  return String(wanted).split(',').map((name) => name.trim()).filter((name) => TOKEN.test(name)).join(', ')
}
