import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import llamaSwap from '../../index.ts'
import type { LlamaSwapOptions } from '../../index.ts'
import { loadConfig } from '../config/load.ts'
import type { Output } from './output.ts'
import type { Tls } from './tls.ts'

export interface AppOptions {
  readonly config: LlamaSwapOptions['config']
  readonly strict?: boolean
  readonly tls?: Tls | undefined
  readonly instance?: string
}

/** The standalone app: the plugin at the root, as llama-swap's drop-in, so with everything on. */
export async function createApp ({ config, strict = false, tls, instance }: AppOptions, output: Output): Promise<FastifyInstance> {
  // A client's idle connection would hold up the close.
  const app = Fastify({ logger: output.logger, forceCloseConnections: true, https: tls ?? null }) as unknown as FastifyInstance
  await app.register(llamaSwap, {
    config,
    strict,
    routes: { inference: true, upstream: true, admin: true, health: true },
    inheritEnv: true,
    forwardAuthorization: true,
    ...(instance !== undefined && { instance })
  })
  // Read after the plugin, which has found it good: what can be read only once (a pipe) must go to the plugin.
  const followLogLevel = async (): Promise<void> => {
    const loaded = await loadConfig(config, { strict }).catch(() => undefined)
    if (loaded !== undefined) app.log.level = output.levelFor(loaded.config.logLevel)
  }
  await followLogLevel()
  app.llamaSwap.on('config', () => { void followLogLevel() })
  app.llamaSwap.on('config', output.configListener(app))
  app.llamaSwap.on('state', output.stateListener(app))
  app.llamaSwap.on('log', ({ model, stream, line }) => app.log.debug({ model, stream }, `${model}: ${line}`))
  return app
}
