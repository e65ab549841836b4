import { realpath } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import { systemClock } from './lib/clock.ts'
import { loadConfig } from './lib/config/load.ts'
import { createBus } from './lib/events.ts'
import { DEFAULT_INHERITED } from './lib/launcher/local/environment.ts'
import { createLocalLauncher } from './lib/launcher/local/local-launcher.ts'
import { Manager } from './lib/manager/manager.ts'
import { resolveOptions } from './lib/options.ts'
import { fetchModel } from './lib/proxy/fetch.ts'
import { Proxy } from './lib/proxy/proxy.ts'
import { registerRoutes } from './lib/routes/register.ts'
import type { LlamaSwap } from './types/llama-swap.ts'
import type { LlamaSwapOptions } from './types/options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    llamaSwap: LlamaSwap
  }
}

const plugin: FastifyPluginAsync<LlamaSwapOptions> = async (app, rawOptions) => {
  const options = resolveOptions(rawOptions)
  const { config, warnings } = await loadConfig(options.config, { strict: options.strict })
  for (const warning of warnings) app.log.warn(`llama-swap config: ${warning}`)

  const clock = systemClock
  const bus = createBus((error, event) => app.log.error(error, `a listener of llama-swap's "${event}" event threw`))
  const launcher = createLocalLauncher({
    clock,
    inheritEnv: options.inheritEnv ?? DEFAULT_INHERITED,
    instance: options.instance ?? await defaultInstance(options.config),
    onLeftovers ({ ended, rivals }) {
      if (ended.length > 0) app.log.warn(`llama-swap ended ${ended.length} process(es) that an earlier life of this instance had left: ${ended.join(', ')}`)
      if (rivals.length > 0) app.log.warn(`llama-swap: another gateway of the same instance is running (pid ${rivals.join(', ')}); give each its own "instance"`)
    }
  })
  const manager = new Manager({ config, launcher, clock, bus })
  const proxy = new Proxy({ ...options, manager, bus, clock })

  const llamaSwap: LlamaSwap = {
    acquire: (model, requestOptions) => manager.acquire(model, requestOptions),
    fetch: (model, path, init) => fetchModel(manager, model, path, init),
    load: (model) => manager.load(model),
    unload: (model, unloadOptions) => manager.unload(model, unloadOptions),
    status: () => manager.status(),
    drain: () => manager.drain(),
    on: bus.on
  }
  app.decorate(options.decorator, llamaSwap)

  app.addHook('preClose', async () => {
    // Not awaited: leases of the host's own code may outlive its requests.
    void manager.drain()
    await proxy.close(options.drainTimeout)
  })
  app.addHook('onClose', () => manager.close())

  // Not wrapped by fastify-plugin: what is set in here stays in here.
  await app.register(async (scope) => registerRoutes(scope, manager, proxy, options), { prefix: options.prefix })
}

// The same over restarts, different for two gateways side by side.
async function defaultInstance (config: LlamaSwapOptions['config']): Promise<string> {
  if (typeof config !== 'string' && !Array.isArray(config)) return process.cwd()
  // A pipe has no path of its own.
  const paths = await Promise.all([config].flat().map((path: string) => realpath(path).catch(() => resolve(path))))
  return paths.join(delimiter)
}

/** The plugin: `await app.register(llamaSwap, { config: 'llama-swap.yaml' })`. */
export const llamaSwap = fp(plugin, { fastify: '5.x', name: 'fastify-llama-swap' })
export default llamaSwap

export { errors, isLlamaSwapError } from './lib/errors.ts'
export type { LlamaSwapError } from './lib/errors.ts'
export type * from './types/config.ts'
export type * from './types/events.ts'
export type * from './types/filters.ts'
export type * from './types/lease.ts'
export type * from './types/llama-swap.ts'
export type * from './types/model.ts'
export type * from './types/options.ts'
export type * from './types/peers.ts'
export type * from './types/profiles.ts'
export type * from './types/routing.ts'
export type * from './types/selectors.ts'
export type * from './types/status.ts'
export type * from './types/ticket.ts'
export type * from './types/timeouts.ts'
