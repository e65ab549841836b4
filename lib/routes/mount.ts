import type { FastifyRequest } from 'fastify'

/** Path and query of a request as they were sent, without the prefix of our routes. A prefix may hold parameters, so its segments count, not its text. */
export function cutMount (request: FastifyRequest, mount: string): { path: string, query: string } {
  const url = request.raw.url!
  const question = url.indexOf('?')
  const path = question === -1 ? url : url.slice(0, question)
  let start = 0
  for (let segments = mount.split('/').length - 1; segments > 0; segments--) start = path.indexOf('/', start + 1)
  return { path: path.slice(start), query: question === -1 ? '' : url.slice(question) }
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
