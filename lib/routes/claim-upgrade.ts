import type { IncomingMessage } from 'node:http'
import { isHandshake } from '../proxy/handshake.ts'
import type { Claim } from '../proxy/upgrade.ts'
import { belowMount } from './mount.ts'
import type { Route } from './route.ts'

/** What an offer to upgrade is to our routes: only those that lead to any path of a server can end in a WebSocket. */
export function claimUpgrade (request: IncomingMessage, mount: string, routes: readonly Route[]): ReturnType<Claim> {
  const path = belowMount(request.url!.split('?', 1)[0]!, mount)
  const route = path === undefined ? undefined : routes.find((route) => leadsTo(route.path, path))
  if (route === undefined) return undefined
  return route.family === 'upstream' && route.path.endsWith('*') && isHandshake(request) ? 'websocket' : 'plain'
}

function leadsTo (pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern
}
