import fp from 'fastify-plugin'
import type { FastifyPluginAsync } from 'fastify'
import { systemClock } from './lib/clock.ts'
import { loadConfig } from './lib/config/load.ts'
import { checkReadableAgain, defaultInstance } from './lib/config/source/option.ts'
import { createBus } from './lib/events.ts'
import { DEFAULT_INHERITED } from './lib/launcher/local/environment.ts'
import { createLocalLauncher } from './lib/launcher/local/local-launcher.ts'
import { Manager } from './lib/manager/manager.ts'
import { createReloader } from './lib/manager/reloader.ts'
import { checkConfigOption, resolveOptions } from './lib/options.ts'
import { fetchModel } from './lib/proxy/fetch.ts'
import { createHandler } from './lib/proxy/handler.ts'
import { Proxy } from './lib/proxy/proxy.ts'
import { createTransport } from './lib/proxy/transport.ts'
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
  const warn = (lines: readonly string[]): void => { for (const line of lines) app.log.warn(`llama-swap config: ${line}`) }
  warn(warnings)

  const clock = systemClock
  const bus = createBus((error, event) => app.log.error(error, `a listener of llama-swap's "${event}" event threw`))
  const launcher = createLocalLauncher({
    clock,
    inheritEnv: options.inheritEnv ?? DEFAULT_INHERITED,
    instance: options.instance ?? await defaultInstance(options.config),
    onLeftovers ({ ended, rivals }) {
      if (ended.length > 0) app.log.warn(`llama-swap ended ${ended.length} process(es) that an earlier life of this instance had left: ${ended.join(', ')}`)
      if (rivals.length > 0) app.log.warn(`llama-swap: another gateway of the same instance is running (pid ${rivals.join(', ')}); give each its own "instance"`)
    },
    onWarning: (model, message) => app.log.warn(`llama-swap model "${model}": ${message}`)
  })
  const manager = new Manager({ config, launcher, clock, bus })
  const proxy = new Proxy({ ...options, manager, bus, clock, transport: createTransport(app) })
  const reload = createReloader(manager, async (source?: LlamaSwapOptions['config']) => {
    if (source === undefined) await checkReadableAgain(options.config)
    return loadConfig(source ?? options.config, { strict: options.strict })
  })
  bus.on('config', (event) => warn(event.warnings))

  const llamaSwap: LlamaSwap = {
    acquire: (model, requestOptions) => manager.acquire(model, requestOptions),
    fetch: (model, path, init) => fetchModel(manager, model, path, init),
    handler: (model, handlerOptions) => createHandler(manager, proxy, model, handlerOptions),
    load: (model) => manager.load(model),
    unload: (model, unloadOptions) => manager.unload(model, unloadOptions),
    status: () => manager.status(),
    async reload (source) {
      if (source !== undefined) checkConfigOption(source)
      return reload(source)
    },
    useProfile: (id) => manager.naming.useProfile(id ?? undefined),
    logs: (model, logOptions) => manager.logs(model, logOptions),
    drain: () => manager.drain(),
    on: bus.on
  }
  app.decorate(options.decorator, llamaSwap)

  // Not awaited: a slow model must not hold up the start of the app.
  app.addHook('onReady', async () => { void manager.preload(config.preload) })
  app.addHook('preClose', async () => {
    // Not awaited: leases of the host's own code may outlive its requests.
    void manager.drain()
    await proxy.close(options.drainTimeout)
  })
  app.addHook('onClose', () => manager.close())

  // Not wrapped by fastify-plugin: what is set in here stays in here.
  await app.register(async (scope) => registerRoutes(scope, manager, proxy, options), { prefix: options.prefix })
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
