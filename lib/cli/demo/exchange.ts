import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'

/** A request that cannot be answered as it is. */
export class BadRequest extends Error {}

/** The body of a request. */
export async function readJson (request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await json(request).catch(() => undefined)
  if (typeof body !== 'object' || body === null) throw new BadRequest('the body must be a JSON object')
  return body as Record<string, unknown>
}

export function sendJson (response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

export function sendError (response: ServerResponse, status: number, message: string, type: string): void {
  sendJson(response, { error: { message, type, code: status } }, status)
}
