import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { keepHead } from './awaiting-upgrade.ts'
import { gateUpgrades } from './upgrade-gate.ts'
import type { Accepts } from './upgrade-gate.ts'

/** What an offer to upgrade is to somebody's routes: a WebSocket, a request like any other, or not theirs. */
export type Claim = (request: IncomingMessage) => 'websocket' | 'plain' | undefined

/** The upgrades of one server, for all who claim some of them. */
interface Upgrades {
  readonly claims: Set<Claim>
  /** Answers that have not begun: nobody but us sees their connections. */
  readonly open: Set<ServerResponse>
  readonly accepts: Accepts
  readonly stop: () => void
}

const upgradesOf = new WeakMap<object, Upgrades>()

/**
 * Sends the WebSockets that are claimed through Fastify, so that its hooks run first. All other upgrades are left to the server's other
 * listeners; where there are none, they are answered as the plain requests that they are without a listener.
 *
 * @param patience - milliseconds that hooks get to end when the app closes
 */
export function listenForUpgrades (app: FastifyInstance, claim: Claim, patience: number): void {
  // At the end, so that its listener comes after those of the host's plugins.
  app.addHook('onReady', (done) => {
    const upgrades = upgradesOf.get(app.server) ?? listen(app)
    upgrades.claims.add(claim)
    done()
  })
  app.addHook('onListen', (done) => {
    for (const server of otherServers(app)) gateUpgrades(server, upgradesOf.get(app.server)!.accepts)
    done()
  })
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const response of upgradesOf.get(app.server)?.open ?? []) response.socket?.destroy()
    }, patience).unref()
    done()
  })
  app.addHook('onClose', (_app, done) => {
    const { claims, stop } = upgradesOf.get(app.server) ?? {}
    claims?.delete(claim)
    if (claims?.size === 0) stop!()
    done()
  })
}

function listen ({ server, routing }: FastifyInstance): Upgrades {
  const claims = new Set<Claim>()
  const open = new Set<ServerResponse>()
  const claimed = (request: IncomingMessage): ReturnType<Claim> => {
    const said = [...claims].map((claim) => claim(request))
    return said.includes('websocket') ? 'websocket' : said.find((word) => word !== undefined)
  }
  const accepts: Accepts = (request, byDefault) => {
    const word = claimed(request)
    if (word === undefined) return server.listenerCount('upgrade') > 1 && byDefault()
    // Behind requests that are yet to be answered it cannot be one.
    return word === 'websocket' && answerOn(request.socket) === null
  }
  const onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    if (claimed(request) !== 'websocket') return
    socket.on('error', () => {})
    keepHead(request, head)
    // Another listener routes every upgrade through Fastify (@fastify/websocket): this one is on its way to us.
    const other = answerOn(socket)
    const response = other ?? new ServerResponse(request)
    // Nothing reads further requests from it.
    response.shouldKeepAlive = false
    response.once('finish', () => socket.destroySoon())
    open.add(response)
    response.once('close', () => open.delete(response))
    if (other !== null) return
    response.assignSocket(socket)
    routing(request, response)
  }
  server.on('upgrade', onUpgrade)
  const ungate = gateUpgrades(server, accepts)
  const upgrades: Upgrades = {
    claims,
    open,
    accepts,
    stop () {
      ungate()
      server.off('upgrade', onUpgrade)
      upgradesOf.delete(server)
    }
  }
  upgradesOf.set(server, upgrades)
  return upgrades
}

function answerOn (socket: Socket): ServerResponse | null {
  return (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? null
}

// Fastify listens on `localhost` with a server for each of its addresses, which it keeps to itself. Their upgrades it passes on to the first.
function otherServers (app: object): readonly object[] {
  for (let level: object | null = app; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const bindings = Object.getOwnPropertySymbols(level).find(({ description }) => description === 'fastify.serverBindings')
    if (bindings !== undefined) return (level as Record<symbol, readonly object[]>)[bindings]!
  }
  return []
}
