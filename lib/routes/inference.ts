import type { FastifyRequest } from 'fastify'
import { scannerFor } from '../body/content.ts'
import type { BodyScanner } from '../body/scanner.ts'
import type { Target } from '../names/target.ts'
import type { Candour } from '../proxy/loading.ts'
import { targetOf } from '../proxy/path.ts'
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

function plan (context: RouteContext, request: FastifyRequest, route: Route, scanner: BodyScanner | undefined, bytes: Buffer): Plan | Promise<Plan> {
  const { manager, options } = context
  const { path, sentAs = path } = route
  // As it is now: the host may take its time, and a reload may come in between.
  const { config, naming } = manager
  const named = findModelName(request, scanner)
  const target = naming.resolve(named.name)
  const { model, selector } = target
  return admit(options.admit, request, { action: 'request', model }, (terms) => ({
    target,
    ...editRequest(config, target, named, { path: sentAs, query: targetOf(request.raw.url!).query, bytes, scanner }),
    showLoading: candour(context, route, target, scanner),
    ...terms
  }), selector === undefined ? undefined : () => naming.count(selector, model))
}

// Where `stream: true` asks for an event stream. Elsewhere it may ask for sound, or mean nothing.
const STREAMING = /\/(chat\/completions|completions?|responses|messages|infill)$/

function candour ({ manager, options }: RouteContext, { path }: Route, { kind, model }: Target, scanner: BodyScanner | undefined): Candour | undefined {
  if (scanner?.streams !== true || !STREAMING.test(path)) return undefined
  if (kind === 'peer' || manager.config.models.get(model)?.sendLoadingState !== true) return undefined
  // Whom the host lets have some models only need not hear of others.
  return options.admit === undefined ? 'openly' : 'discreetly'
}
