import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { keepHead } from './awaiting-upgrade.ts'
import { serversOf } from './servers.ts'
import { gateUpgrades } from './upgrade-gate.ts'
import type { Accepts } from './upgrade-gate.ts'

/** What an offer to upgrade is to somebody's routes: a WebSocket, a request like any other, or not theirs. */
export type Claim = (request: IncomingMessage) => 'websocket' | 'plain' | undefined

/** The upgrades of one app, for all registrations that claim some of them. */
interface Upgrades {
  readonly claims: Set<Claim>
  /** Answers under way: nobody but us sees their connections. */
  readonly open: Set<ServerResponse>
  /** Takes in the servers that have come since. */
  gate (): void
  stop (): void
}

const known = new WeakMap<object, Upgrades>()

/**
 * Sends the WebSockets that are claimed through Fastify, so that its hooks run first. All other upgrades are left to the server's other
 * listeners; where there are none, they are answered as the plain requests that they are without a listener.
 *
 * @param patience - milliseconds that hooks get to end when the app closes
 */
export function listenForUpgrades (app: FastifyInstance, claim: Claim, patience: number): void {
  let upgrades: Upgrades
  // At the end, so that its listener comes after those of the host's plugins.
  app.addHook('onReady', (done) => {
    upgrades = known.get(app.server) ?? listen(app)
    upgrades.claims.add(claim)
    done()
  })
  app.addHook('onListen', (done) => {
    upgrades.gate()
    done()
  })
  app.addHook('preClose', (done) => {
    setTimeout(() => {
      for (const { headersSent, socket } of upgrades?.open ?? []) if (!headersSent) socket?.destroy()
    }, patience).unref()
    done()
  })
  app.addHook('onClose', (_app, done) => {
    upgrades?.claims.delete(claim)
    if (upgrades?.claims.size === 0) upgrades.stop()
    done()
  })
}

function listen (app: FastifyInstance): Upgrades {
  const { server } = app
  const claims = new Set<Claim>()
  const open = new Set<ServerResponse>()
  const gates = new Map<object, () => void>()

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
    app.routing(request, response)
  }

  const upgrades: Upgrades = {
    claims,
    open,
    gate () {
      for (const each of serversOf(app)) if (!gates.has(each)) gates.set(each, gateUpgrades(each, accepts))
    },
    stop () {
      for (const undo of gates.values()) undo()
      server.off('upgrade', onUpgrade)
      known.delete(server)
    }
  }
  server.on('upgrade', onUpgrade)
  upgrades.gate()
  known.set(server, upgrades)
  return upgrades
}

function answerOn (socket: Socket): ServerResponse | null {
  return (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage ?? null
}
