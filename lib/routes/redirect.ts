import type { FastifyReply, FastifyRequest } from 'fastify'
import { targetOf } from '../proxy/path.ts'

/** Sends a client to the same path with a slash at its end, query and all, so that relative links work. */
export function redirectToDirectory (request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { path, query } = targetOf(request.raw.url!)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  // `//host/` would lead to another host, and what follows a `#` would stay with the client.
  return reply.redirect(`${path.replace(/^[/\\]+/, '/').replaceAll('#', '%23')}/${query}`, isRead ? 301 : 308)
}
