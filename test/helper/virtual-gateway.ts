import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { ConfigInput, RequestEvent } from '../../index.ts'
import { loadConfig } from '../../lib/config/load.ts'
import { createBus } from '../../lib/events.ts'
import { Manager } from '../../lib/manager/manager.ts'
import { resolveOptions } from '../../lib/options.ts'
import { Proxy } from '../../lib/proxy/proxy.ts'
import { createTransport } from '../../lib/proxy/transport.ts'
import { registerRoutes } from '../../lib/routes/register.ts'
import type { Endpoint, Launcher } from '../../types/launcher.ts'
import { until } from './app.ts'
import type { Setup } from './app.ts'
import { VirtualClock, VirtualHandle } from './virtual.ts'

/** A server that is where the test says, and goes when it is told to. */
export class PlacedHandle extends VirtualHandle {
  #origin = ''

  override async endpoint (): Promise<Endpoint> {
    await super.endpoint()
    return { origin: this.#origin, basePath: '' }
  }

  override stop (): Promise<void> {
    const ended = super.stop()
    this.end()
    return ended
  }

  placeAt (origin: string): void {
    this.#origin = origin
    this.place()
  }
}

export interface VirtualGateway {
  readonly app: FastifyInstance
  readonly url: string
  readonly clock: VirtualClock
  readonly manager: Manager
  readonly proxy: Proxy
  /** All servers that were ever started. */
  readonly handles: PlacedHandle[]
  readonly requests: RequestEvent[]
  /** The nth server, once it is started. */
  started (n: number): Promise<PlacedHandle>
}

/** The `cmd` and the like of a model whose server is a virtual one: ready as soon as it is placed. */
export const virtualModel = { cmd: 'virtual', proxy: 'http://127.0.0.1:1', checkEndpoint: 'none' }

/** A gateway whose clock the test turns, and whose servers start and die when it says so. Its clients are real, and so is what answers them. */
export async function virtualGateway (t: Test, config: ConfigInput, { fastify = {}, prepare, ...options }: Setup = {}): Promise<VirtualGateway> {
  const app = Fastify({ forceCloseConnections: true, ...fastify })
  await prepare?.(app)
  const resolved = resolveOptions({ config, ...options })
  const clock = new VirtualClock()
  const bus = createBus((error) => { throw error })
  const handles: PlacedHandle[] = []
  const launcher: Launcher = {
    ensure (_spec, key) {
      const handle = new PlacedHandle(key, '')
      handles.push(handle)
      return handle
    },
    list: () => Promise.resolve(handles)
  }
  const manager = new Manager({ config: (await loadConfig(config)).config, launcher, clock, bus })
  const proxy = new Proxy({ ...resolved, manager, bus, clock, transport: createTransport(app) })
  const requests: RequestEvent[] = []
  bus.on('request', (event) => requests.push(event))
  await app.register(async (scope) => registerRoutes(scope, manager, proxy, resolved))
  t.teardown(async () => {
    void manager.drain()
    const closed = proxy.close(0)
    clock.advance(0)
    await closed
    await Promise.all([app.close(), manager.close()])
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    app,
    url: app.listeningOrigin,
    clock,
    manager,
    proxy,
    handles,
    requests,
    async started (n) {
      await until(() => handles.length >= n)
      return handles[n - 1]!
    }
  }
}
