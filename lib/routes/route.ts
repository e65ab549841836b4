import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { Manager } from '../manager/manager.ts'
import type { Family, ResolvedOptions } from '../options.ts'
import type { Protocol } from '../protocol/protocol.ts'
import type { Proxy } from '../proxy/proxy.ts'

/** What handlers work with. */
export interface RouteContext {
  readonly manager: Manager
  readonly proxy: Proxy
  readonly options: ResolvedOptions
  /** The full prefix of our routes, the host's included. */
  readonly mount: string
  /** The paths of the inference routes, as `METHOD path`. */
  readonly inferencePaths: ReadonlySet<string>
}

export type Handler = (context: RouteContext, request: FastifyRequest, reply: FastifyReply, route: Route) => unknown

/** One row of the table. */
export interface Route {
  readonly method: HTTPMethods | HTTPMethods[]
  readonly path: string
  readonly family: Family
  readonly protocol: Protocol
  readonly handler: Handler
}
