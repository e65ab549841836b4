import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange } from './exchange.ts'
import type { Recorder } from './record.ts'

/** What `GET /stats` answers. Only `paths` counts the probes and the upstream's own pages; all else is about work: POSTs, the GETs that gateways route by model, and `/echo/`. */
export interface UpstreamStats {
  /** Its name. */
  name: string
  /** Of its process. */
  pid: number
  /** Answers that were finished, errors included. */
  served: number
  /** Answers that somebody else cut off, before the upstream had finished them. */
  cancelled: number
  /** Answers that the upstream cut off itself, by a fault. */
  died: number
  /** Requests under way. */
  active: number
  /** Requests by path, without the query. */
  paths: Record<string, number>
  /** The headers of the last request, also of one to upgrade. */
  lastHeaders: IncomingHttpHeaders
  /** WebSockets that are open now, and all that were ever opened. */
  websockets: { open: number, total: number }
}

/** Everything at zero. */
export function newStats (name: string): UpstreamStats {
  return { name, pid: process.pid, served: 0, cancelled: 0, died: 0, active: 0, paths: {}, lastHeaders: {}, websockets: { open: 0, total: 0 } }
}

/** Follows one exchange to its end. */
export function track (stats: UpstreamStats, exchange: Exchange, record: Recorder): void {
  const { req, res, path } = exchange
  stats.active++
  stats.lastHeaders = req.headers
  res.once('close', () => {
    stats.active--
    if (exchange.died) {
      stats.died++
    } else if (res.writableFinished) {
      stats.served++
    } else {
      stats.cancelled++
      record('cancelled', { path })
    }
  })
}
