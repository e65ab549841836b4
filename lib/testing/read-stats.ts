import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import type { UpstreamStats } from './stats.ts'

/**
 * What an upstream counted: the one at an origin, or on a Unix socket.
 *
 * @example
 * const { served, cancelled } = await upstreamStats('http://127.0.0.1:5800')
 */
export async function upstreamStats (at: string | { socket: string }): Promise<UpstreamStats> {
  // No connection stays behind: it would keep a server from closing.
  const request = typeof at === 'string' ? get(new URL('/stats', at), { agent: false }) : get({ socketPath: at.socket, path: '/stats', agent: false })
  const [response] = await once(request, 'response') as [IncomingMessage]
  if (response.statusCode === 200) return await json(response) as UpstreamStats
  response.resume()
  throw new Error(`The upstream answered ${response.statusCode} to /stats`)
}
