import { errors } from '../errors.ts'
import { findModelInPath } from '../names/path.ts'
import { admit } from './admit.ts'
import { cutMount } from './mount.ts'
import { redirectToDirectory } from './redirect.ts'
import { isInferencePath } from './inference-paths.ts'
import type { Handler } from './route.ts'

const BASE = '/upstream/'
const SHOWN = 200

/** Proxies to the model that the path names: `/upstream/<model>/<path>`. A path without a slash after the name gets one by redirect, so that relative links work. */
export const upstream: Handler = ({ manager, proxy, mount, options }, request, reply, { protocol }) => {
  const { path: below, query } = cutMount(request, mount)
  const path = below.slice(BASE.length)
  const match = findModelInPath(path, (name) => manager.naming.inPath(name))
  if (match === undefined) throw new errors.ModelNotFound(path.slice(0, SHOWN))
  const { target, rest } = match
  if (rest === '') return redirectToDirectory(request, reply)
  if (!options.anyUpstreamPath && !isInferencePath(request.method, rest)) throw new errors.PathNotAllowed(rest.slice(0, SHOWN))
  return proxy.serve(request, reply, {
    protocol,
    plan: (body) => admit(options.admit, request, { action: 'request', model: target.model }, (terms) => {
      // What a page asks for by the way must not start a model.
      const isIgnored = target.kind === 'local' && manager.stateOf(target.model) !== 'ready' && manager.config.ignorePaths.some((pattern) => pattern.test(rest))
      if (isIgnored) throw new errors.ModelNotLoaded(target.model, 'path matches upstream.ignorePaths')
      return { target, path: rest + query, body, ...terms }
    })
  })
}
