import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { createHash, timingSafeEqual } from 'node:crypto'
import { errors } from '../errors.ts'
import type { Manager } from '../manager/manager.ts'

/** Lets a request pass that carries one of the config's `apiKeys`: as password of Basic, as Bearer, or as `x-api-key`, in this order, as llama-swap does. */
export function requireKey (manager: Manager): onRequestHookHandler {
  let keys: readonly string[] = []
  let digests: readonly Buffer[] = []
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    const { apiKeys } = manager.config
    if (apiKeys !== keys) {
      keys = apiKeys
      digests = keys.map(digest)
    }
    if (keys.length === 0 || isOneOf(candidate(request), digests)) return done()
    reply.header('www-authenticate', 'Basic realm="llama-swap"')
    done(new errors.Unauthorized())
  }
}

// One that is empty counts as none.
function candidate ({ headers }: FastifyRequest): string {
  const [, scheme = '', value = ''] = /^(\S+)[ \t]+(.*)$/.exec(headers.authorization ?? '') ?? []
  const key = headers['x-api-key']
  return ownKey(scheme.toLowerCase(), value.trim()) || ((Array.isArray(key) ? key[0] : key) ?? '')
}

function ownKey (scheme: string, value: string): string {
  if (scheme === 'bearer') return value
  const pair = scheme === 'basic' ? Buffer.from(value, 'base64').toString() : ''
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : ''
}

// Equally long, whatever was sent: how long the comparison takes tells nothing of the keys.
function digest (text: string): Buffer { return createHash('sha256').update(text).digest() }

function isOneOf (text: string, digests: readonly Buffer[]): boolean {
  const own = digest(text)
  let isEqual = false
  for (const each of digests) isEqual = timingSafeEqual(own, each) || isEqual
  return isEqual
}
