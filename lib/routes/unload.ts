import type { FastifyRequest } from 'fastify'
import type { LlamaSwapOptions } from '../../types/options.ts'
import { errors } from '../errors.ts'
import type { Manager } from '../manager/manager.ts'
import { admit } from './admit.ts'
import type { Handler } from './route.ts'

/** Stops every model at once, those that serve requests too, as llama-swap does; answers when all are stopped. */
export const unloadAll: Handler = async ({ manager, options }, request, reply) => {
  await unloadEvery(manager, options.admit, request)
  return reply.send({ msg: 'ok' })
}

/** llama-swap's older way to do the same. */
export const unloadAllByGet: Handler = async ({ manager, options }, request, reply) => {
  await unloadEvery(manager, options.admit, request)
  return reply.type('text/plain; charset=utf-8').send('OK')
}

/** Stops one model, named by its id or an alias. */
export const unloadOne: Handler = async ({ manager, options }, request, reply) => {
  const name = (request.params as { '*': string })['*']
  const { kind, model } = manager.naming.concrete(name)
  if (kind === 'peer') throw new errors.ModelRemote(model)
  await admit(options.admit, request, { action: 'unload', model }, () => manager.unload(model, { force: true }))
  return reply.type('text/plain; charset=utf-8').send('OK')
}

// Nothing is stopped unless all may be.
async function unloadEvery (manager: Manager, ask: LlamaSwapOptions['admit'], request: FastifyRequest): Promise<void> {
  for (const model of manager.config.models.keys()) await admit(ask, request, { action: 'unload', model }, () => {})
  await manager.unload(undefined, { force: true })
}
