import type { FastifyReply, FastifyRequest } from 'fastify'

/** Sends a client to the same path with a slash at its end, query and all, so that relative links work. */
export function redirectToDirectory (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const url = request.raw.url!
  const question = url.indexOf('?')
  const [path, query] = question === -1 ? [url, ''] : [url.slice(0, question), url.slice(question)]
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  // `//host/` would lead to another host.
  return reply.redirect(`${path.replace(/^[/\\]+/, '/')}/${query}`, isRead ? 301 : 308)
}
