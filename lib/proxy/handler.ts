import type { FastifyRequest, RouteHandlerMethod } from 'fastify'
import type { HandlerOptions } from '../../types/llama-swap.ts'
import { errors } from '../errors.ts'
import type { Manager } from '../manager/manager.ts'
import { protocolOf } from '../protocol/protocol.ts'
import { targetOf } from './path.ts'
import type { Proxy } from './proxy.ts'

/** A handler for a route of the host's: proxies to one model, whatever the request names. */
export function createHandler (manager: Manager, proxy: Proxy, model: string, { path, ...terms }: HandlerOptions = {}): RouteHandlerMethod {
  if (path !== undefined && !path.startsWith('/')) throw new errors.Options(`invalid options: "path" must begin with a slash, not "${path}"`)
  return (request, reply) => {
    const own = targetOf(request.raw.url!)
    const sent = (path ?? own.path) + own.query
    const body = isStream(request.body) ? undefined : bytesOf(request)
    proxy.serve(request, reply, {
      protocol: protocolOf(sent),
      ...(body !== undefined && { body }),
      plan: (bytes) => ({ target: manager.naming.resolve(model), path: sent, body: bytes, ...terms })
    })
  }
}

function isStream (body: unknown): boolean {
  return typeof (body as NodeJS.ReadableStream | null | undefined)?.pipe === 'function'
}

// What a parser of the host's has made of the body, as bytes again.
function bytesOf ({ body, headers }: FastifyRequest): Buffer | undefined {
  if (body === undefined || body === null) return undefined
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (typeof body === 'string') return Buffer.from(body)
  const type = headers['content-type'] ?? ''
  if (/[/+]json\b/i.test(type)) return Buffer.from(JSON.stringify(body))
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return Buffer.from(new URLSearchParams(pairsOf(body)).toString())
  throw new errors.BodyParsed(type.split(';', 1)[0]!)
}

function pairsOf (fields: object): Array<[string, string]> {
  return Object.entries(fields).flatMap(([name, value]) => [value].flat().map((each: unknown): [string, string] => [name, String(each)]))
}
