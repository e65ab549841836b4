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

/** Whether a path leads below one of these names at our routes' prefix. */
export function isBelowMount (path: string, mount: string, names: readonly string[]): boolean {
  const segments = path.split('/')
  const prefix = mount.split('/')
  return prefix.every((segment, index) => segment.startsWith(':') || segment === segments[index]) &&
    names.includes(segments[prefix.length]!) && segments.length > prefix.length + 1
}
