import { EnvHttpProxyAgent, Headers, Pool, Response, fetch } from 'undici'
import type { BodyInit, Dispatcher, RequestInit } from 'undici'
import type { Timeouts } from '../config/config.ts'
import type { Lease } from '../../types/lease.ts'
import type { Endpoint } from '../../types/launcher.ts'
import { createClient } from './client.ts'

// Servers close idle sockets after about 5 s (llama-server: exactly); a request on one of those is lost.
const KEEP_ALIVE = 4000

/** The connections to one server, from one start to its end. No timeouts but the model's own: a long prompt may take hours. */
export function createPool ({ origin, socketPath }: Endpoint, timeouts: Timeouts): Pool {
  return new Pool(origin, { factory: createClient, ...poolOptions(origin, timeouts, socketPath) })
}

/** The connections to a peer, through the proxy that the environment names for it, if any: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`. */
export function createPeerPool (origin: string, timeouts: Timeouts, env: NodeJS.ProcessEnv = process.env): Dispatcher {
  const proxy = origin.startsWith('https:') ? env['https_proxy'] ?? env['HTTPS_PROXY'] : env['http_proxy'] ?? env['HTTP_PROXY']
  if (!proxy) return createPool({ origin, basePath: '' }, timeouts)
  // As Go has it: this machine is never reached by way of a proxy.
  const noProxy = [env['no_proxy'] ?? env['NO_PROXY'] ?? '', 'localhost', '127.0.0.1', '[::1]'].join(',')
  return new EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, noProxy, ...poolOptions(origin, timeouts) })
}

function poolOptions (origin: string, timeouts: Timeouts, socketPath?: string): Pool.Options {
  // 0 is "no limit" for all of them, as in llama-swap; undici takes it so too, except for idle sockets.
  const idle = Math.min(timeouts.idleConn || KEEP_ALIVE, KEEP_ALIVE)
  return {
    connections: null,
    pipelining: 1,
    headersTimeout: timeouts.responseHeader,
    bodyTimeout: 0,
    keepAliveTimeout: idle,
    keepAliveMaxTimeout: idle,
    connect: {
      // undici's covers the TLS handshake too.
      timeout: origin.startsWith('https:') ? sum(timeouts.connect, timeouts.tlsHandshake) : timeouts.connect,
      keepAlive: true,
      keepAliveInitialDelay: timeouts.keepalive,
      ...(socketPath !== undefined && { socketPath })
    }
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
