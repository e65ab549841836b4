import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { cleanPath } from './clean-path.ts'

interface KnownPath {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

/**
 * Answers what no route is for as Go's mux does, whose words clients of llama-swap may know: 404, 405 with `Allow`, or a redirect to the clean spelling of a path.
 * To be set up before the routes, which it notes.
 */
export function answerNotFound (app: FastifyInstance): void {
  const known = new Map<string, KnownPath>()
  app.addHook('onRoute', ({ url, method }) => {
    const path = known.get(url) ?? { pattern: patternOf(url), methods: new Set() }
    known.set(url, path)
    for (const name of [method].flat()) path.methods.add(name)
  })
  const methodsFor = (path: string): string[] => {
    const decoded = decode(path)
    return [...new Set([...known.values()].filter(({ pattern }) => pattern.test(decoded)).flatMap(({ methods }) => [...methods]))].sort()
  }

  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [, path, query] = /^([^?]*)(.*)$/s.exec(request.raw.url!) as unknown as [string, string, string]
    const methods = methodsFor(path)
    if (methods.length > 0 && !methods.includes(request.method)) return sendText(reply.header('allow', methods.join(', ')), 405, 'Method Not Allowed')
    const clean = cleanPath(path)
    // To a path of ours only: never to another host (`//host`).
    if (path.startsWith('/') && clean !== path && methodsFor(clean).length > 0) return reply.redirect(clean + query, 307)
    return sendText(reply, 404, '404 page not found')
  }
  app.setNotFoundHandler(answer)
  // Before the body is looked at: its size or type does not matter here.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) answer(request, reply)
    else done()
  })
}

function sendText (reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(`${text}\n`)
}

/** The paths of a route: `:name` is one segment, `*` at the end is any rest. */
function patternOf (url: string): RegExp {
  const parts = url.split(/(:\w+|\*$)/).map((part) => part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('')}$`, 's')
}

// As the router does: what an encoded slash stands for is not a slash.
function decode (path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}
