import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import llamaSwap from '../../index.ts'
import type { ConfigInput } from '../../index.ts'
import { loadConfig } from '../config/load.ts'
import type { Output } from './output.ts'

/** The standalone app: the plugin at the root, as llama-swap's drop-in, so with everything on. */
export async function createApp (config: string | ConfigInput, output: Output, instance?: string): Promise<FastifyInstance> {
  // A client's idle connection would hold up the close.
  const app = Fastify({ logger: output.logger, forceCloseConnections: true })
  await app.register(llamaSwap, {
    config,
    routes: { inference: true, upstream: true, admin: true, health: true },
    inheritEnv: true,
    forwardAuthorization: true,
    ...(instance !== undefined && { instance })
  })
  app.log.level = output.levelFor(await logLevelOf(config))
  app.llamaSwap.on('state', output.stateListener(app))
  app.llamaSwap.on('log', ({ model, stream, line }) => app.log.debug({ model, stream }, `${model}: ${line}`))
  return app
}

// Read after the plugin, which has found it good: what can be read only once (a pipe) must go to the plugin.
async function logLevelOf (config: string | ConfigInput): Promise<string> {
  return loadConfig(config).then(({ config: { logLevel } }) => logLevel, () => 'info')
}
