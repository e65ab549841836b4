import type { FastifyRequest } from 'fastify'
import { scannerFor } from '../body/content.ts'
import type { BodyScanner } from '../body/scanner.ts'
import type { Config } from '../config/config.ts'
import type { Target } from '../names/target.ts'
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

// Where `stream: true` asks for an event stream. Elsewhere it may ask for sound, or mean nothing.
const STREAMING = /\/(chat\/completions|completions?|responses|messages|infill)$/

function plan ({ manager, options }: RouteContext, request: FastifyRequest, { path, sentAs = path }: Route, scanner: BodyScanner | undefined, bytes: Buffer): Plan | Promise<Plan> {
  // As it is now: the host may take its time, and a reload may come in between.
  const { config, naming } = manager
  const named = findModelName(request, scanner)
  const target = naming.resolve(named.name)
  const { model, selector } = target
  return admit(options.admit, request, { action: 'request', model }, (terms) => ({
    target,
    ...editRequest(config, target, named, { path: sentAs, query: targetOf(request.raw.url!).query, bytes, scanner }),
    showLoading: scanner?.streams === true && STREAMING.test(path) && saysLoading(config, target)
      // Who may have one model only need not learn the names of others.
      ? options.admit === undefined ? 'openly' : 'discreetly'
      : undefined,
    ...terms
  }), selector === undefined ? undefined : () => naming.count(selector, model))
}

function saysLoading ({ models }: Config, { kind, model }: Target): boolean {
  return kind === 'local' && models.get(model)!.sendLoadingState
}
