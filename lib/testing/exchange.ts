import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Json } from './answers.ts'

/** One request and its answer. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** As it was sent, without the query. */
  readonly path: string
  /** Aborts when the answer is over, one way or the other. */
  readonly gone: AbortSignal
  /** We cut it off ourselves. */
  died: boolean
}

/** The path of a request, without the query. */
export function pathOf ({ url }: IncomingMessage): string {
  return url!.split('?', 1)[0]!
}

/** The query of a URL; empty when it has none. */
export function queryOf (url: string): URLSearchParams {
  const start = url.indexOf('?')
  return new URLSearchParams(start === -1 ? '' : url.slice(start))
}

/** Makes an exchange of a request. */
export function newExchange (req: IncomingMessage, res: ServerResponse): Exchange {
  const over = new AbortController()
  res.once('close', () => over.abort())
  return { req, res, path: pathOf(req), gone: over.signal, died: false }
}

/** Reads the whole body: an answer before that could be lost to a reset. */
export async function readBody (req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The body as a JSON object, if it is one. */
export function jsonOf (body: Buffer): Json | undefined {
  if (body[0] !== 0x7b) return
  try {
    return JSON.parse(body.toString())
  } catch {}
}

/** Sends a JSON answer. */
export function sendJson (res: ServerResponse, status: number, body: unknown, headers: Record<string, string | string[]> = {}): void {
  res.statusCode = status
  res.setHeader('content-type', 'application/json')
  // One by one: `setHeader` replaces a name whatever its case, two keys of one object would both be sent.
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.end(JSON.stringify(body))
}
