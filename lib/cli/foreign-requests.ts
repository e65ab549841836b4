import type { FastifyInstance, FastifyRequest } from 'fastify'
import { errors } from '../errors.ts'
import { isLoopbackName, nameInHost, nameInOrigin } from './host-name.ts'

const SHOWN = 200

/**
 * Refuses what other sites' web pages could make a browser on this machine send:
 * on a loopback address, requests for a name that is not this machine's (DNS rebinding); everywhere, requests of their pages for more than inference.
 *
 * @param allowedHosts - further names that are this machine's, as `nameInHost` returns them
 */
export function refuseForeignRequests (app: FastifyInstance, allowedHosts: readonly string[]): void {
  const allowed = new Set(allowedHosts)
  const isOwn = (name: string | undefined): boolean => name !== undefined && (isLoopbackName(name) || allowed.has(name))
  // Known only when it listens; until then as strict as can be.
  let onLoopback: boolean | undefined
  const listensOnLoopback = (): boolean => {
    const address = app.server.address()
    if (address !== null) onLoopback ??= typeof address !== 'string' && isLoopbackName(address.address)
    return onLoopback ?? true
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { host, origin } = request.headers
    const name = host === undefined ? undefined : nameInHost(host)
    // Only HTTP/1.0 may leave it out, and no browser speaks that.
    if (host === undefined && request.raw.httpVersion === '1.1') return done(new errors.RequestInvalid('it has no Host header'))
    if (host !== undefined && !isOwn(name) && listensOnLoopback()) return done(new errors.HostForeign(host.slice(0, SHOWN)))
    if (isForInferenceOnly(request)) return done()
    if (origin === undefined) return done(request.headers['sec-fetch-site'] === 'cross-site' ? new errors.OriginForeign('another site') : undefined)
    const site = nameInOrigin(origin)
    done(isOwn(site) || (site !== undefined && site === name) ? undefined : new errors.OriginForeign(origin.slice(0, SHOWN)))
  })
}

/** Whether a request can have no other effect than an inference request, which any page may send. */
function isForInferenceOnly ({ method, routeOptions }: FastifyRequest): boolean {
  switch (routeOptions.config.llamaSwapFamily) {
    // A mere link or image could unload all models by a GET.
    case 'admin': case 'compat': return false
    // A mere link or image could load a model.
    case 'upstream': return method !== 'GET' && method !== 'HEAD'
    default: return true
  }
}
