import './plain-children.ts'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { readFileSync } from 'node:fs'
import llamaSwap from '../../index.ts'
import type { ConfigInput, LlamaSwapOptions, StateEvent } from '../../index.ts'

export interface TestApp {
  readonly app: FastifyInstance
  readonly url: string
  /** Every state change so far, as `model from>to`. */
  readonly states: string[]
  readonly events: StateEvent[]
  /** POSTs a chat request for a model. */
  chat (model: string, body?: object, init?: RequestInit): Promise<Response>
  /** The pids of all servers that were ever seen. */
  readonly pids: Set<number>
}

// A range for each of the processes that tap runs side by side, and ten numbers of it for each app, so that they do not race for the same ones.
const FIRST = 10_000
const RANGES = 14
const RANGE = 1500
const range = FIRST + Number(process.env['TAP_CHILD_ID'] ?? process.pid) % RANGES * RANGE
let taken = 0
export function startPort (): number {
  taken = (taken + 10) % RANGE
  return range + taken
}

export type Setup = Partial<Omit<LlamaSwapOptions, 'config'>> & { fastify?: FastifyServerOptions, prepare?: (app: FastifyInstance) => Promise<void> | void, /** Called when the plugin is there. */ complete?: (app: FastifyInstance) => void }

/** A listening app with these models. At the end of the test it is closed, and none of its servers may be left. */
export async function startApp (t: Test, config: ConfigInput, { fastify = {}, prepare, complete, ...options }: Setup = {}): Promise<TestApp> {
  // A client's idle spare connection, which never carried a request, would hold up the close (Node counts it as busy).
  const app = Fastify({ forceCloseConnections: true, ...fastify })
  const states: string[] = []
  const events: StateEvent[] = []
  const pids = new Set<number>()
  await prepare?.(app)
  // Apart from those of the files that run side by side.
  const instance = `test ${process.pid} ${startPort()}`
  await app.register(llamaSwap, { config: { startPort: startPort(), ...config }, instance, ...options })
  complete?.(app)
  const manager = app.llamaSwap ?? (app as unknown as Record<string, typeof app.llamaSwap>)[options.decorator!]!
  manager.on('state', (event) => {
    states.push(`${event.model} ${event.from}>${event.to}`)
    events.push(event)
    const { models, outgoing } = manager.status()
    for (const { pid } of [...models, ...outgoing]) if (pid !== undefined) pids.add(pid)
  })
  t.teardown(async () => {
    await app.close()
    for (const pid of pids) if (isAlive(pid)) t.fail(`server ${pid} is left`)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = app.listeningOrigin
  return {
    app,
    url,
    states,
    events,
    pids,
    chat: (model, body = {}, init = {}) => fetch(`${url}${options.prefix ?? ''}/v1/chat/completions`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model, messages: [], ...body }), ...init
    })
  }
}

/** Whether a process runs; a zombie does not. */
export function isAlive (pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

/** Resolves when the condition holds; the test's own timeout is the limit. */
export async function until (condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
