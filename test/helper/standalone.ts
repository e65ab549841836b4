import './plain-children.ts'
import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { createApp } from '../../lib/cli/app.ts'
import type { AppOptions } from '../../lib/cli/app.ts'
import type { Output } from '../../lib/cli/output.ts'
import { isAlive, startPort } from './app.ts'

const silent: Output = {
  logger: { level: 'silent' },
  levelFor: () => 'silent',
  stateListener: () => () => {},
  configListener: () => () => {},
  say () {},
  greet () {}
}

export type StandaloneSetup = Partial<AppOptions> & {
  /** Where it listens. */
  readonly host?: string
  /** Called before it listens. */
  readonly prepare?: (app: FastifyInstance) => void
}

/** The standalone app in this process, with a model `a`, on a free port. At the end of the test it is closed, and none of its servers may be left. */
export async function startStandalone (t: Test, { host = '127.0.0.1', prepare, ...options }: StandaloneSetup = {}): Promise<{ app: FastifyInstance, port: number }> {
  const models = { a: { cmd: upstreamCommand({ name: 'a' }) } }
  const app = await createApp({ config: { startPort: startPort(), models }, instance: `test ${process.pid} ${startPort()}`, ...options }, silent)
  const pids = new Set<number>()
  app.llamaSwap.on('state', () => { for (const { pid } of app.llamaSwap.status().models) if (pid !== undefined) pids.add(pid) })
  t.teardown(async () => {
    await app.close()
    for (const pid of pids) if (isAlive(pid)) t.fail(`server ${pid} is left`)
  })
  prepare?.(app)
  await app.listen({ host, port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}
