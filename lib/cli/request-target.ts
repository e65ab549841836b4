import type { FastifyServerOptions } from 'fastify'

const SCHEME_AND_HOST = /^https?:\/\/[^/?#]*/i

/**
 * Brings what a request line asks for into the form `/path?query`: a whole URL, as a proxy is sent it, counts by its path and never by its host.
 * Anything else stays as it is, and is refused by the router.
 */
export const toPath: NonNullable<FastifyServerOptions['rewriteUrl']> = ({ method, url = '' }) => {
  if (method === 'OPTIONS' && url === '*') return '/'
  const path = url.startsWith('/') ? url : url.replace(SCHEME_AND_HOST, (match, _offset, whole: string) => whole[match.length] === '/' ? '' : '/')
  // There are no fragments here; in llama-swap it is a character of the path.
  return path.includes('#') ? path.replaceAll('#', '%23') : path
}
