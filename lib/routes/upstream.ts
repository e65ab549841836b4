import { errors } from '../errors.ts'
import { findModelInPath } from '../names/path.ts'
import type { Handler } from './route.ts'

const BASE = '/upstream/'
const SHOWN_NAME = 200

/** Proxies to the model that the path names: `/upstream/<model>/<path>`. A path without a slash after the name gets one by redirect, so that relative links work. */
export const upstream: Handler = ({ manager, proxy, mount, options, inferencePaths }, request, reply, { protocol }) => {
  const [path, query] = splitQuery(request.raw.url!.slice(mount.length + BASE.length))
  const match = findModelInPath(path, manager.names)
  if (match === undefined) throw new errors.ModelNotFound(path.slice(0, SHOWN_NAME))
  if (match.rest === '') {
    const permanent = request.method === 'GET' || request.method === 'HEAD' ? 301 : 308
    return reply.redirect(`${mount}${BASE}${path}/${query}`, permanent)
  }
  if (!options.anyUpstreamPath && !inferencePaths.has(`${request.method} ${match.rest}`)) throw new errors.PathNotAllowed(match.rest.slice(0, SHOWN_NAME))
  return proxy.serve(request, reply, { protocol, path: match.rest + query, model: () => match.target.model })
}

function splitQuery (url: string): [path: string, query: string] {
  const query = url.indexOf('?')
  return query === -1 ? [url, ''] : [url.slice(0, query), url.slice(query)]
}
