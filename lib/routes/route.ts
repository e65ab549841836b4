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
}

export type Handler = (context: RouteContext, request: FastifyRequest, reply: FastifyReply, route: Route) => unknown

/** Where a request names its model: in its body (JSON or form), in its query, in its path, or nowhere. */
export type ModelPlace = 'body' | 'query' | 'path' | 'none'

/** One row of the table. */
export interface Route {
  readonly method: HTTPMethods | HTTPMethods[]
  readonly path: string
  readonly model: ModelPlace
  readonly protocol: Protocol
  readonly family: Family
  readonly handler: Handler
  /** In words, where it is not plain inference. */
  readonly does?: string
  /** What the server is sent in place of `path`. */
  readonly sentAs?: string
}
