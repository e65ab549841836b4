import type { ModelStatus } from '../../types/status.ts'
import type { Handler } from './route.ts'

/** The models, as OpenAI lists them. */
export const listModels: Handler = ({ manager }) => {
  const created = Math.floor(Date.now() / 1000)
  const listed = manager.status().models.filter(({ unlisted }) => !unlisted)
  return { object: 'list', data: listed.map((model) => modelRecord(model, created)) }
}

function modelRecord ({ model, name, description, state }: ModelStatus, created: number): object {
  return {
    id: model,
    object: 'model',
    created,
    owned_by: 'llama-swap',
    ...(name !== '' && { name }),
    ...(description !== '' && { description }),
    status: { value: isUp(state) ? 'loaded' : 'unloaded' }
  }
}

/** What runs, and by which command: for the operator. */
export const running: Handler = ({ manager }) => {
  const { models, outgoing } = manager.status()
  const servers = [...models, ...outgoing].filter(({ state }) => isUp(state))
  return {
    running: servers.map(({ model, state, command, origin, ttl, name, description }) => (
      { model, state, cmd: command.join(' '), proxy: origin ?? '', ttl, name, description }
    ))
  }
}

export const health: Handler = (_context, _request, reply) => reply.type('text/plain; charset=utf-8').send('OK')

// llama-swap counts a model that is starting or stopping as loaded.
function isUp (state: ModelStatus['state']): boolean {
  return state !== 'stopped' && state !== 'shutdown'
}
