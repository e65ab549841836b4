import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { jsonOf, newExchange, pathOf, readBody, sendJson } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { failure } from './failure.ts'
import { faultOf } from './faults.ts'
import { headerOf } from './mark.ts'
import type { UpstreamOptions } from './options.ts'
import type { Recorder } from './record.ts'
import { reply } from './reply.ts'
import { isWork, shapeOf } from './shapes.ts'
import { newStats, track } from './stats.ts'

/** The HTTP side of the upstream; it says "Loading model" until `isReady`. */
export function createUpstream (options: UpstreamOptions, name: string, isReady: () => boolean, record: Recorder): Server {
  const stats = newStats(name)
  let healthy = false

  function count (path: string): void {
    stats.paths[path] = (stats.paths[path] ?? 0) + 1
  }

  function fail ({ res, path }: Exchange, status: number, message: string): void {
    sendJson(res, status, failure(shapeOf(path), name, status, message))
  }

  // The body of llama-server, whatever the protocol.
  function loading (res: ServerResponse): void {
    sendJson(res, 503, failure('echo', name, 503, 'Loading model'), { connection: 'close' })
  }

  function health (res: ServerResponse): void {
    if (options.healthHang) return
    const status = options.healthStatus ?? (isReady() ? 200 : 503)
    if (status === 503) return loading(res)
    if (status === 200 && !healthy) {
      healthy = true
      record('first-200')
    }
    sendJson(res, status, { status: status === 200 ? 'ok' : 'error', name })
  }

  function page (exchange: Exchange): void {
    const { res, path } = exchange
    if (path === '/stats') sendJson(res, 200, stats)
    else if (path === '/env') sendJson(res, 200, process.env)
    else if (path === '/args') sendJson(res, 200, process.argv.slice(2))
    else fail(exchange, 404, 'Not found')
  }

  async function handle (req: IncomingMessage, res: ServerResponse): Promise<void> {
    const exchange = newExchange(req, res)
    const { path, gone } = exchange
    const work = isWork(req.method!, path)
    count(path)
    if (work) track(stats, exchange, record)
    res.setHeader('x-upstream', headerOf(name))
    try {
      const body = await readBody(req)
      if (path === '/health') return health(res)
      if (!isReady()) return loading(res)
      if (!work) return page(exchange)
      const json = jsonOf(body)
      await reply(exchange, name, faultOf(req.url!, json) ?? options.fault ?? {}, body, json)
    } catch (error) {
      // Whoever leaves early has nothing to be told.
      if (gone.aborted || !req.complete) return
      if (!(error instanceof TypeError)) throw error
      fail(exchange, 400, error.message)
    }
  }

  async function onUpgrade (req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => {})
    count(pathOf(req))
    stats.lastHeaders = req.headers
    // Imported here, since each start would pay 5 ms for it, and few are asked for a WebSocket.
    const { refuseUpgrade, upgrade } = await import('./upgrade.ts')
    if (socket.destroyed) return
    if (!isReady()) return refuseUpgrade(req, socket, name, { status: 503, message: 'Loading model' })
    await upgrade(req, socket, head, name, stats)
  }

  const server = createServer(handle)
  return options.ignoreUpgrades ? server : server.on('upgrade', onUpgrade)
}
