import type { FastifyRequest } from 'fastify'
import { errors } from '../errors.ts'
import { admitted } from './admit.ts'
import { modelRecords } from './model-records.ts'
import type { Handler } from './route.ts'

const SHOWN = 200

/** The models, as OpenAI lists them, with what llama-swap adds. */
export const listModels: Handler = async ({ manager, options }, request) => {
  const records = await admitted(options.admit, request, modelRecords(manager).filter(({ listed }) => listed))
  return { object: 'list', data: records.map(({ record }) => record) }
}

/** One of them, by any of its names, unlisted ones too. OpenAI's clients ask for it; llama-swap has no such route. */
export const showModel: Handler = async ({ manager, options }, request) => {
  const name = nameIn(request)
  const [known] = await admitted(options.admit, request, modelRecords(manager).filter(({ record }) => record.id === name))
  // A model that is hidden from the client is unknown to it.
  if (known === undefined) throw new errors.ModelNotFound(name.slice(0, SHOWN))
  return known.record
}

function nameIn (request: FastifyRequest): string { return (request.params as { '*': string })['*'] }
