import type { FastifyRequest } from 'fastify'
import { targetOf } from '../proxy/path.ts'
import type { Target } from '../proxy/path.ts'

/** Path and query of a request as they were sent, without the prefix of our routes. A prefix may hold parameters, so its segments count, not its text. */
export function cutMount (request: FastifyRequest, mount: string): Target {
  const { path, query } = targetOf(request.raw.url!)
  let start = 0
  for (let segments = mount.split('/').length - 1; segments > 0; segments--) start = path.indexOf('/', start + 1)
  return { path: path.slice(start), query }
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
