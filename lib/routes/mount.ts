import type { FastifyRequest } from 'fastify'
import { targetOf } from '../proxy/path.ts'
import type { RequestTarget } from '../proxy/path.ts'

/**
 * Path and query of a request as they were sent, without the prefix of our routes and the first segment of the route itself. Segments count,
 * not their text, since a prefix may hold parameters; slashes between them may be several, where the host does not mind.
 */
export function cutMount (request: FastifyRequest, mount: string): RequestTarget {
  const { path, query } = targetOf(request.raw.url!)
  let end = 0
  for (let segments = mount.split('/').length; segments > 0 && end !== -1; segments--) {
    while (path[end] === '/') end++
    end = path.indexOf('/', end)
  }
  return { path: end === -1 ? '' : path.slice(end), query }
}

/** What follows a prefix in a path that has not been routed yet; undefined if the path does not begin with it. */
export function belowMount (path: string, mount: string): string | undefined {
  let end = 0
  for (const segment of mount.split('/').slice(1)) {
    const start = end + 1
    const slash = path.indexOf('/', start)
    end = slash === -1 ? path.length : slash
    if (!segment.includes(':') && segment !== path.slice(start, end)) return undefined
  }
  return path.slice(end)
}
