import type { FastifyInstance } from 'fastify'
import type { Manager } from '../manager/manager.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Proxy } from '../proxy/proxy.ts'
import { registerTransport } from '../proxy/transport.ts'
import { errorHandler } from './error-handler.ts'
import type { RouteContext } from './route.ts'
import { table } from './table.ts'

/** Puts the table's routes into a scope of their own: its parser, its `reply.from` and its error handler stay in it. */
export function registerRoutes (scope: FastifyInstance, manager: Manager, proxy: Proxy, options: ResolvedOptions): void {
  registerTransport(scope)
  scope.removeAllContentTypeParsers()
  // Passed through unread: bodies are read in one place, after all hooks.
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  scope.setErrorHandler(errorHandler)

  const inferencePaths = new Set(table.filter(({ family }) => family === 'inference').map(({ method, path }) => `${method as string} ${path}`))
  const context: RouteContext = { manager, proxy, options, mount: scope.prefix === '/' ? '' : scope.prefix, inferencePaths }
  for (const route of table) {
    const hooks = options.hooks.get(route.family)
    if (hooks === undefined) continue
    scope.route({
      ...hooks,
      method: route.method,
      url: route.path,
      config: { llamaSwapProtocol: route.protocol, llamaSwapFamily: route.family },
      handler: (request, reply) => route.handler(context, request, reply, route)
    })
  }
}
