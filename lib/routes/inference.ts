import type { FastifyRequest } from 'fastify'
import { scannerFor } from '../body/content.ts'
import type { BodyScanner } from '../body/scanner.ts'
import type { Plan } from '../proxy/proxy.ts'
import { admit } from './admit.ts'
import { editRequest } from './edit-request.ts'
import { findModelName } from './model-name.ts'
import type { Handler, Route, RouteContext } from './route.ts'

/** Proxies to the model that the body or the query names. */
export const inference: Handler = (context, request, reply, route) => {
  const scanner = route.model === 'query' ? undefined : scannerFor(request.headers['content-type'])
  context.proxy.serve(request, reply, {
    protocol: route.protocol,
    ...(scanner !== undefined && { scanner }),
    plan: (body) => plan(context, request, route, scanner, body)
  })
}

function plan ({ manager, options }: RouteContext, request: FastifyRequest, { path, sentAs = path }: Route, scanner: BodyScanner | undefined, bytes: Buffer): Plan | Promise<Plan> {
  const named = findModelName(request, scanner)
  const target = manager.naming.resolve(named.name)
  const url = request.raw.url!
  const query = url.indexOf('?')
  return admit(options.admit, request, { action: 'request', model: target.model }, (terms) => ({
    target,
    ...editRequest(manager.config, target, named.place, { path: sentAs, query: query === -1 ? '' : url.slice(query), bytes, scanner }),
    showLoading: scanner?.streams === true && target.kind === 'local' && manager.config.models.get(target.model)!.sendLoadingState,
    ...terms
  }))
}
