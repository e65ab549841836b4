import type { Handler } from './route.ts'

/** What runs, and by which command: for the operator. */
export const running: Handler = ({ manager }) => {
  const { models, outgoing } = manager.status()
  const servers = [...models, ...outgoing].filter(({ state }) => state !== 'stopped' && state !== 'shutdown')
  return {
    running: servers.map(({ model, state, command, origin, basePath = '', ttl, name, description }) => (
      { model, state, cmd: command.join(' '), proxy: origin === undefined ? '' : origin + basePath, ttl, name, description }
    ))
  }
}
