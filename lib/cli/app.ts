import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import llamaSwap from '../../index.ts'
import type { LlamaSwapOptions } from '../../index.ts'
import { allowAnyOrigin } from './cors.ts'
import { answerError } from './error-answers.ts'
import { refuseForeignRequests } from './foreign-requests.ts'
import { LIMITS, listenerOptions } from './listener.ts'
import type { Limits } from './listener.ts'
import { answerNotFound } from './not-found.ts'
import type { Output } from './output.ts'
import { refuseTunnel } from './refuse-connection.ts'
import type { Tls } from './tls.ts'

export interface AppOptions {
  readonly config: LlamaSwapOptions['config']
  readonly strict?: boolean
  readonly tls?: Tls | undefined
  readonly instance?: string
  /** Names of this machine, besides those that every machine has for itself. */
  readonly allowedHosts?: readonly string[]
  readonly limits?: Partial<Limits>
}

/** The standalone app: the plugin at the root, as llama-swap's drop-in, so with everything on. */
export async function createApp ({ config, strict = false, tls, instance, allowedHosts = [], limits = {} }: AppOptions, output: Output): Promise<FastifyInstance> {
  const app = Fastify({ logger: output.logger, ...listenerOptions(tls, { ...LIMITS, ...limits }) }) as unknown as FastifyInstance
  app.server.on('connect', refuseTunnel)
  app.setErrorHandler(answerError)
  allowAnyOrigin(app)
  refuseForeignRequests(app, allowedHosts)
  answerNotFound(app)
  await app.register(llamaSwap, {
    config,
    strict,
    routes: { inference: true, upstream: true, admin: true, compat: true, health: true },
    upgrades: true,
    inheritEnv: true,
    forwardAuthorization: true,
    ...(instance !== undefined && { instance })
  })
  const followLogLevel = (): void => { app.log.level = output.levelFor(app.llamaSwap.status().logLevel) }
  followLogLevel()
  app.llamaSwap.on('config', followLogLevel)
  app.llamaSwap.on('config', output.configListener(app))
  app.llamaSwap.on('state', output.stateListener(app))
  app.llamaSwap.on('log', ({ model, stream, line }) => app.log.debug({ model, stream }, `${model}: ${line}`))
  return app
}
