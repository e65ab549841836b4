import { Headers, Pool, ProxyAgent, Response, buildConnector, fetch } from 'undici'
import type { BodyInit, Dispatcher, RequestInit } from 'undici'
import type { Timeouts } from '../config/config.ts'
import type { Lease } from '../../types/lease.ts'
import type { Endpoint } from '../../types/launcher.ts'
import { createClient } from './client.ts'
import { proxyFor } from './env-proxy.ts'
import { pinLocalhost } from './pin-localhost.ts'

// Servers close idle sockets after about 5 s (llama-server: exactly); a request on one of those is lost.
const KEEP_ALIVE = 4000

/** The connections to one server, from one start to its end. No timeouts but the model's own: a long prompt may take hours. */
export function createPool ({ origin, socketPath }: Endpoint, timeouts: Timeouts): Pool {
  const connect = buildConnector({ ...connectOptions(origin, timeouts), ...(socketPath !== undefined && { socketPath }) })
  return new Pool(origin, { ...limitsOf(timeouts), connect: pinLocalhost(connect) })
}

/** The connections to a peer, through the proxy that the environment names for it, if any. */
export function createPeerPool (origin: string, timeouts: Timeouts, env: NodeJS.ProcessEnv = process.env): Dispatcher {
  const proxy = proxyFor(origin, env)
  if (proxy === undefined) return createPool({ origin, basePath: '' }, timeouts)
  const limits = limitsOf(timeouts)
  return new ProxyAgent({
    ...limits,
    uri: proxy,
    // Plain HTTP goes through as a request: many proxies make tunnels to port 443 only.
    proxyTunnel: origin.startsWith('https:'),
    proxyTls: connectOptions(proxy, timeouts),
    requestTls: { timeout: timeouts.tlsHandshake },
    factory: (to, made) => new Pool(to, { ...limits, connect: (made as { connect: buildConnector.connector }).connect })
  })
}

function limitsOf (timeouts: Timeouts): Pool.Options {
  // 0 is "no limit" for all of them, as in llama-swap; undici takes it so too, except for idle sockets.
  const idle = Math.min(timeouts.idleConn || KEEP_ALIVE, KEEP_ALIVE)
  return {
    factory: createClient,
    connections: null,
    pipelining: 1,
    headersTimeout: timeouts.responseHeader,
    bodyTimeout: 0,
    keepAliveTimeout: idle,
    keepAliveMaxTimeout: idle
  }
}

function connectOptions (origin: string, { connect, tlsHandshake, keepalive }: Timeouts): buildConnector.BuildOptions {
  return {
    // undici's covers the TLS handshake too.
    timeout: origin.startsWith('https:') ? sum(connect, tlsHandshake) : connect,
    keepAlive: true,
    keepAliveInitialDelay: keepalive
  }
}

function sum (a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a + b
}

/** undici's `fetch` through a server's pool: the global one may be of another undici, which cannot use it. */
export function poolFetch ({ dispatcher, origin, basePath, headers: own }: Lease, path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  for (const [name, value] of Object.entries(own)) headers.set(name, value)
  return fetch(origin + basePath + path, { ...init, headers, dispatcher })
}

/** A response with another body; its URL is kept, which a constructor cannot set. */
export function withBody (response: Response, body: BodyInit): Response {
  const { status, statusText, headers, url } = response
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url })
}
