import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Manager } from '../manager/manager.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Proxy } from '../proxy/proxy.ts'
import { awaitUpgrade } from '../proxy/awaiting-upgrade.ts'
import { isUpgrade } from '../proxy/handshake.ts'
import { listenForUpgrades } from '../proxy/upgrade.ts'
import { claimUpgrade } from './claim-upgrade.ts'
import { errorHandler } from './error-handler.ts'
import { requireKey } from './keys.ts'
import type { RouteContext } from './route.ts'
import { noValidation, schemaOf } from './schema.ts'
import { table } from './table.ts'

/** Puts the table's routes into a scope of their own: its parser and its error handler stay in it. */
export function registerRoutes (scope: FastifyInstance, manager: Manager, proxy: Proxy, options: ResolvedOptions): void {
  scope.removeAllContentTypeParsers()
  // Passed through unread: bodies are read in one place, after all hooks.
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  scope.setErrorHandler(errorHandler)

  const context: RouteContext = { manager, proxy, options, mount: scope.prefix === '/' ? '' : scope.prefix }
  const keyed = requireKey(manager)
  const routes = table.filter(({ family }) => options.hooks.has(family))
  if (options.upgrades) listenForUpgrades(scope, (request) => claimUpgrade(request, context.mount, routes), options.drainTimeout)
  for (const route of routes) {
    const hooks = options.hooks.get(route.family)!
    scope.route({
      ...hooks,
      // Before the handler, which @fastify/websocket replaces where it does not know what to do with a WebSocket.
      ...(options.upgrades && route.family === 'upstream' && {
        preHandler: [...[hooks.preHandler ?? []].flat(), (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
          if (!isUpgrade(request.raw)) return done()
          awaitUpgrade(request.raw)
          void route.handler(context, request, reply, route)
        }]
      }),
      ...(route.family !== 'health' && { onRequest: [keyed, ...[hooks.onRequest ?? []].flat()] }),
      method: route.method,
      url: route.path,
      exposeHeadRoute: true,
      schema: schemaOf(route),
      validatorCompiler: noValidation,
      config: { llamaSwapProtocol: route.protocol, llamaSwapFamily: route.family },
      handler: (request, reply) => route.handler(context, request, reply, route)
    })
  }
}
