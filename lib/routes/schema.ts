import type { FastifySchema } from 'fastify'
import type { Route } from './route.ts'

declare module 'fastify' {
  // Those of @fastify/swagger, for hosts that use it.
  interface FastifySchema {
    tags?: readonly string[]
    summary?: string
  }
}

const NAMED = { type: 'object', properties: { model: { type: 'string', description: 'Id, alias, selector or peer\'s name of the model' } }, required: ['model'], additionalProperties: true }

/** What a host's OpenAPI page says of a route. Nothing is validated by it: bodies are the servers' affair. */
export function schemaOf ({ model, family, does }: Route): FastifySchema {
  const schema = { tags: [`llama-swap ${family}`], summary: does ?? `Answered by the model that the ${model} names` }
  switch (model) {
    case 'body': return { ...schema, body: NAMED }
    case 'query': return { ...schema, querystring: NAMED }
    default: return schema
  }
}

/** Takes all as it is. */
export const noValidation = () => () => true
