import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { deaths } from './death.ts'
import type { Death } from './death.ts'
import { queryOf, sendJson } from './exchange.ts'
import { failure } from './failure.ts'
import { headerOf } from './mark.ts'
import type { UpstreamStats } from './stats.ts'
import { converse, handshakeAnswer, handshakeProblem } from './websocket.ts'
import type { Refusal } from './websocket.ts'

/** Opens the WebSocket that a request asks for, or says why not. */
export async function upgrade (req: IncomingMessage, socket: Socket, head: Buffer, name: string, stats: UpstreamStats): Promise<void> {
  const refusal = refusalOf(req, name) ?? handshakeProblem(req)
  if (refusal !== undefined) return refuseUpgrade(req, socket, name, refusal)
  stats.websockets.total++
  stats.websockets.open++
  socket.once('close', () => { stats.websockets.open-- })
  socket.unshift(head)
  socket.write(handshakeAnswer(req, { 'x-upstream': headerOf(name) }))
  try {
    await converse(socket, req, name, queryOf(req.url!).get('die') as Death | null)
  } catch (error) {
    // The other side may reset it at any time.
    if (!socket.destroyed) throw error
  }
}

/** Answers as if the request had not asked for more, and closes. */
export function refuseUpgrade (req: IncomingMessage, socket: Socket, name: string, { status, message, headers }: Refusal): void {
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  res.once('finish', () => socket.end())
  sendJson(res, status, failure('echo', name, status, message), { connection: 'close', 'x-upstream': headerOf(name), ...headers })
  socket.resume()
}

/** What the query asks for: a refusal (`?refuse=403`), or an early end (`?die=rst`). */
function refusalOf ({ url }: IncomingMessage, name: string): Refusal | undefined {
  const query = queryOf(url!)
  const refuse = query.get('refuse')
  const die = query.get('die')
  if (die !== null && !deaths.includes(die as Death)) return { status: 400, message: `The query parameter "die" should be one of ${deaths.join(', ')}` }
  if (refuse === null) return
  if (!/^[2-5]\d\d$/.test(refuse)) return { status: 400, message: 'The query parameter "refuse" should be from 200 to 599' }
  return { status: Number(refuse), message: `${name} refuses on demand` }
}
