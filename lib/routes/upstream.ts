import { scannerFor } from '../body/content.ts'
import { errors } from '../errors.ts'
import { admit } from './admit.ts'
import { checkPeerRequest, editPeerRequest } from './edit-peer-request.ts'
import { cutMount } from './mount.ts'
import { redirectToDirectory } from './redirect.ts'
import { inferenceRoute } from './inference-paths.ts'
import type { Handler } from './route.ts'

const SHOWN = 200

/** Proxies to the model that the path names: `/upstream/<model>/<path>`. A path without a slash after the name gets one by redirect, so that relative links work. */
export const upstream: Handler = ({ manager, proxy, mount, options }, request, reply, { protocol }) => {
  const { path: below, query } = cutMount(request, mount)
  const path = below.replace(/^\/+/, '')
  const match = manager.naming.inPath(path)
  if (match === undefined) throw new errors.ModelNotFound(path.slice(0, SHOWN))
  const { target, rest } = match
  if (rest === '') return redirectToDirectory(request, reply)
  const route = inferenceRoute(request.method, rest)
  if (!options.anyUpstreamPath && route === undefined) throw new errors.PathNotAllowed(rest.slice(0, SHOWN))
  // A server of ours has one model, whatever a request calls it; a peer may have more.
  const scanner = target.kind === 'peer' ? scannerFor(request.headers['content-type']) : undefined
  return proxy.serve(request, reply, {
    protocol: route?.protocol ?? protocol,
    ...(scanner !== undefined && { scanner }),
    plan: (bytes) => admit(options.admit, request, { action: 'request', model: target.model }, (terms) => {
      // What a page asks for by the way must not start a model.
      const isIgnored = target.kind === 'local' && manager.stateOf(target.model) !== 'ready' && manager.config.ignorePaths.some((pattern) => pattern.test(rest))
      if (isIgnored) throw new errors.ModelNotLoaded(target.model, 'path matches upstream.ignorePaths')
      if (scanner === undefined || target.kind === 'local') return { target, path: rest + query, body: bytes, ...terms }
      const peerRequest = { path: rest, query, bytes, scanner }
      if (!options.anyUpstreamPath) checkPeerRequest(target, peerRequest)
      return { target, ...editPeerRequest(target, peerRequest), ...terms }
    })
  })
}
