import type { HTTPMethods } from 'fastify'
import { health, listModels, running } from './answers.ts'
import { inference } from './inference.ts'
import { upstream } from './upstream.ts'
import type { Route } from './route.ts'

const ANY: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The whole HTTP surface. HEAD goes with every GET. */
export const table: readonly Route[] = [
  { method: 'POST', path: '/v1/chat/completions', family: 'inference', protocol: 'openai', handler: inference },
  { method: 'POST', path: '/v1/completions', family: 'inference', protocol: 'openai', handler: inference },
  { method: 'POST', path: '/v1/embeddings', family: 'inference', protocol: 'openai', handler: inference },
  { method: 'POST', path: '/v1/rerank', family: 'inference', protocol: 'openai', handler: inference },
  { method: 'POST', path: '/v1/messages', family: 'inference', protocol: 'anthropic', handler: inference },
  { method: 'GET', path: '/v1/models', family: 'inference', protocol: 'openai', handler: listModels },
  { method: ANY, path: '/upstream/*', family: 'upstream', protocol: 'plain', handler: upstream },
  { method: 'GET', path: '/running', family: 'admin', protocol: 'plain', handler: running },
  { method: 'GET', path: '/health', family: 'health', protocol: 'plain', handler: health }
]
