import { Pool, Response, fetch } from 'undici'
import type { BodyInit, Dispatcher, RequestInit } from 'undici'
import type { Endpoint } from '../../types/launcher.ts'

// Servers close idle sockets after about 5 s (llama-server: exactly); a request on one of those is lost.
const KEEP_ALIVE = 4000
const CONNECT_TIMEOUT = 30_000

/** The connections to one server, from one start to its end. No timeouts of its own: a long prompt may take hours. */
export function createPool (endpoint: Endpoint): Pool {
  return new Pool(endpoint.origin, {
    connections: null,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE,
    keepAliveMaxTimeout: KEEP_ALIVE,
    connect: { timeout: CONNECT_TIMEOUT, ...(endpoint.socketPath !== undefined && { socketPath: endpoint.socketPath }) }
  })
}

/** undici's `fetch` through a server's pool: the global one may be of another undici, which cannot use it. */
export function poolFetch (dispatcher: Dispatcher, url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, dispatcher })
}

/** A response with another body; its URL is kept, which a constructor cannot set. */
export function withBody (response: Response, body: BodyInit): Response {
  const { status, statusText, headers, url } = response
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url })
}
