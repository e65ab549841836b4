import '../../helper/plain-children.ts'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { ConfigInput, ModelStatus } from '../../../index.ts'

const script = fileURLToPath(new URL('gateway.mjs', import.meta.url))

/** Names and how often there is such a thing. */
export type Counts = Readonly<Record<string, number>>

export interface Answer {
  status?: number
  text: string
  /** Why it ended before its end. */
  error?: Error
}

export interface Asked {
  readonly answer: Answer
  readonly end: Promise<Answer>
  cancel (): void
}

export interface Gateway {
  /** The code of the error, if there is one. */
  load (model: string): Promise<string | undefined>
  unload (model?: string, options?: { force?: boolean }): Promise<string | undefined>
  fetch (model: string, body: object, read: boolean): Promise<string | undefined>
  status (model: string): Promise<Pick<ModelStatus, 'state' | 'pid' | 'leases' | 'waiting'>>
  /** All that is not at rest, in words. */
  busy (): Promise<string[]>
  /** Open files, listeners, active resources, child processes. */
  counts (): Promise<Counts>
  objects (): Promise<Counts>
  /** In bytes. */
  memory (): Promise<number>
  /** POSTs a chat request, on a connection of its own. */
  ask (model: string, body?: object): Asked
  /** Sends only the first half of a request. */
  askHalf (model: string): Asked
  /** Closes the app, and waits for the end of the process: its exit code or signal, and what it printed. */
  close (): Promise<{ exit: number | NodeJS.Signals, printed: string }>
}

interface Reply { readonly id: number, readonly result?: unknown, readonly error?: string }

/** Starts a gateway with these models. It ends with the test. */
export async function startGateway (t: Test, config: ConfigInput, instance: string): Promise<Gateway> {
  const { NODE_OPTIONS: _options, ...env } = process.env
  const child = fork(script, [JSON.stringify({ config, instance })], {
    execArgv: ['--expose-gc', '--trace-warnings', '--disable-warning=ExperimentalWarning'], env, stdio: ['ignore', 'inherit', 'pipe', 'ipc'], serialization: 'advanced'
  })
  const calls = new Map<number, { resolve (reply: Reply): void, reject (error: Error): void }>()
  let nextId = 0
  let printed = ''
  let death: Error | undefined
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { printed += text })
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  t.teardown(() => child.kill('SIGKILL'))
  void exited.then((exit) => {
    death = new Error(`the gateway ended with ${exit}: ${printed}`)
    for (const { reject } of calls.values()) reject(death)
  })
  await Promise.race([once(child, 'message'), exited])
  if (death !== undefined) throw death
  child.on('message', (reply: Reply) => calls.get(reply.id)?.resolve(reply))

  function call<Result> (name: string, ...args: unknown[]): Promise<Reply & { result?: Result }> {
    const id = nextId++
    return new Promise<Reply>((resolve, reject) => {
      if (death !== undefined) return reject(death)
      calls.set(id, { resolve, reject })
      // That it could not be sent is told by the end of the gateway.
      child.send({ id, name, args }, () => {})
    }).finally(() => calls.delete(id)) as Promise<Reply & { result?: Result }>
  }
  type Status = ModelStatus[]
  const url = (await call<string>('url')).result!

  function post (length: number, text: string): Asked {
    const answer: Answer = { text: '' }
    const req = request(`${url}/v1/chat/completions`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': length } })
    const end = new Promise<Answer>((resolve) => {
      const fail = (error: Error): void => {
        answer.error ??= error
        resolve(answer)
      }
      req.on('error', fail).once('response', (response) => {
        answer.status = response.statusCode!
        response.setEncoding('utf8').on('data', (text: string) => { answer.text += text })
        response.on('error', fail).once('end', () => resolve(answer))
      })
    })
    if (text.length === length) req.end(text)
    else req.write(text)
    return { answer, end, cancel: () => { req.destroy() } }
  }

  return {
    load: async (model) => (await call('load', model)).error,
    unload: async (model, options) => (await call('unload', model, options)).error,
    fetch: async (model, body, read) => (await call('fetch', model, { model, ...body }, read)).error,
    status: async (model) => (await call<Status>('status')).result!.find((entry) => entry.model === model)!,
    busy: async () => (await call<Status>('status')).result!.filter(({ state, leases, waiting }) => state !== 'stopped' || leases > 0 || waiting > 0).map((entry) => JSON.stringify(entry)),
    counts: async () => (await call<Counts>('counts')).result!,
    objects: async () => (await call<Counts>('objects')).result!,
    memory: async () => (await call<number>('memory')).result!,
    ask (model, body = {}) {
      const text = JSON.stringify({ model, messages: [], ...body })
      return post(text.length, text)
    },
    askHalf: (model) => post(1000, `{"model":"${model}","messages":[`),
    async close () {
      call('close').catch(() => {})
      return { exit: await exited, printed }
    }
  }
}
