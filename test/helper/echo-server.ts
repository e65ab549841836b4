// A server of this process in the place of a model's, or of a peer: it tells what it was asked, and answers as the test wants.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { ModelInput } from '../../index.ts'
import { serve } from './silent-server.ts'

/** A request as it came over the wire. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** One character a byte. */
  readonly body: string
}

export interface EchoServer {
  readonly name: string
  readonly origin: string
  readonly seen: Seen[]
  /** Requests that are not answered to their end, and those that were cut off before that. */
  readonly counts: { active: number, cancelled: number }
  /** What is answered; by default the request, as JSON, beside the server's `name`. */
  answer (response: ServerResponse, seen: Seen): void
}

export async function echoServer (t: Test, name = 'echo'): Promise<EchoServer> {
  const counts = { active: 0, cancelled: 0 }
  const seen: Seen[] = []
  const origin = await serve(t, async (request, response) => {
    counts.active++
    response.once('close', () => {
      counts.active--
      if (!response.writableFinished) counts.cancelled++
    })
    const body = await buffer(request).catch(() => undefined)
    if (body === undefined) return
    const one = { method: request.method!, url: request.url!, headers: request.headers, rawHeaders: request.rawHeaders, body: body.toString('latin1') }
    seen.push(one)
    server.answer(response, one)
  })
  const server: EchoServer = {
    name,
    origin,
    seen,
    counts,
    answer: (response, { method, url, headers, body }) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ name, method, url, headers, body }))
    }
  }
  return server
}

/** The config of a model for which another server answers: its own process only sleeps. */
export function modelAt (origin: string, more: Partial<ModelInput> = {}): ModelInput {
  return { cmd: 'sleep 600', proxy: origin, checkEndpoint: 'none', ...more }
}
