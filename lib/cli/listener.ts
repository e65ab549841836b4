import type { FastifyServerOptions } from 'fastify'
import type { ServerOptions } from 'node:http'
import type { ServerOptions as HttpsOptions } from 'node:https'
import { answerUnroutable } from './error-answers.ts'
import { toPath } from './request-target.ts'
import { refuseConnection } from './refuse-connection.ts'
import type { Tls } from './tls.ts'

/** What a client may take of the listener before it has asked for anything. */
export interface Limits {
  /** Milliseconds for the headers of a request, and for the TLS handshake before them. */
  readonly headersTimeout: number
  /** Bytes of a request's line and headers. */
  readonly maxHeaderSize: number
}

/** 64 KiB, four times Node's: a browser sends the cookies of all that was ever served on localhost, whatever its port. */
export const LIMITS: Limits = { headersTimeout: 60_000, maxHeaderSize: 64 * 1024 }

/** Fastify's options that have to do with connections and with reading requests off them. */
export function listenerOptions (tls: Tls | undefined, limits: Limits): FastifyServerOptions & { http: ServerOptions, https: HttpsOptions | null } {
  const { headersTimeout, maxHeaderSize } = limits
  const http: ServerOptions = {
    headersTimeout,
    // Node's 30 s would stretch the deadline by half.
    connectionsCheckingInterval: Math.ceil(headersTimeout / 12),
    maxHeaderSize,
    // Refused by us, with words.
    requireHostHeader: false,
    // A client whose machine is gone would keep its place in the queue for ever.
    keepAlive: true,
    keepAliveInitialDelay: 60_000
  }
  return {
    // A client's idle connection would hold up the close.
    forceCloseConnections: true,
    http,
    https: tls === undefined ? null : { ...http, ...tls, handshakeTimeout: headersTimeout },
    // Bodies and answers may take as long as they like: models are slow to load, and uploads are large.
    requestTimeout: 0,
    connectionTimeout: 0,
    // Not before a router's own limit of 100 characters, which ids and names may exceed.
    routerOptions: { maxParamLength: maxHeaderSize },
    rewriteUrl: toPath,
    frameworkErrors: answerUnroutable,
    clientErrorHandler: refuseConnection(limits)
  }
}
