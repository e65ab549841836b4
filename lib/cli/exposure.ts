import type { FastifyInstance } from 'fastify'

/** For an app that others can reach: warns when there are no keys, from the start or since a reload. */
export function watchExposure (app: FastifyInstance): void {
  let hadKey = true
  const look = (): void => {
    const { requiresKey } = app.llamaSwap.status()
    if (hadKey && !requiresKey) app.log.warn('listening beyond this machine without keys: whoever can connect can use the models and see their commands at /running')
    hadKey = requiresKey
  }
  app.llamaSwap.on('config', look)
  look()
}
