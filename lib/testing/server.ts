import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { jsonOf, newExchange, readBody, sendJson } from './exchange.ts'
import { faultOf } from './faults.ts'
import type { UpstreamOptions } from './options.ts'
import type { Recorder } from './record.ts'
import { reply } from './reply.ts'
import { newStats, track } from './stats.ts'

/** The HTTP side of the upstream; it says "Loading model" until `isReady`. */
export function createUpstream (options: UpstreamOptions, name: string, isReady: () => boolean, record: Recorder): Server {
  const stats = newStats(name)
  let healthy = false

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

  function loading (res: ServerResponse): void {
    sendJson(res, 503, { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } }, { connection: 'close' })
  }

  function page (path: string, res: ServerResponse): void {
    if (path === '/stats') sendJson(res, 200, stats)
    else if (path === '/env') sendJson(res, 200, process.env)
    else if (path === '/args') sendJson(res, 200, process.argv.slice(2))
    else sendJson(res, 404, { error: { message: 'Not found', type: 'not_found_error', code: 404 } })
  }

  async function handle (req: IncomingMessage, res: ServerResponse): Promise<void> {
    const exchange = newExchange(req, res)
    const { path, gone } = exchange
    const isWork = req.method === 'POST' || path.startsWith('/echo/')
    stats.paths[path] = (stats.paths[path] ?? 0) + 1
    if (isWork) track(stats, exchange, record)
    try {
      const body = await readBody(req)
      if (path === '/health') return health(res)
      if (!isReady()) return loading(res)
      if (!isWork) return page(path, res)
      const json = jsonOf(body)
      await reply(exchange, name, faultOf(req.url!, json), body, json)
    } catch (error) {
      // Whoever leaves early has nothing to be told.
      if (gone.aborted || !req.complete) return
      if (!(error instanceof TypeError)) throw error
      sendJson(res, 400, { error: { message: error.message, type: 'invalid_request_error', code: 400 } })
    }
  }

  return createServer(handle)
}
