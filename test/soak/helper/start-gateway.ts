import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { ConfigInput, ModelStatus } from '../../../index.ts'
import type { Counts } from '../../helper/at-rest.ts'
import { startCalled } from '../../helper/called-process.ts'
import type { CalledProcess, Reply } from '../../helper/called-process.ts'

const script = fileURLToPath(new URL('gateway.mjs', import.meta.url))

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

export interface Gateway extends Pick<CalledProcess, 'close'> {
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
}

/** Starts a gateway with these models. It ends with the test. */
export async function startGateway (t: Test, config: ConfigInput, instance: string): Promise<Gateway> {
  const gateway = await startCalled(t, script, { config, instance })
  const call = <Result> (name: string, ...args: unknown[]): Promise<Reply & { result?: Result }> => gateway.call(name, ...args) as Promise<Reply & { result?: Result }>
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
    close: gateway.close
  }
}
