import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { ModelStatus, TimeoutsInput } from '../../index.ts'
import { startApp } from './app.ts'
import type { TestApp } from './app.ts'

/** A gateway whose only model is whatever listens at `origin`. */
export function gatewayTo (t: Test, origin: string, timeouts: TimeoutsInput, cmd = 'sleep 600'): Promise<TestApp> {
  return startApp(t, { unloadTimeout: 1, models: { a: { cmd, proxy: origin, checkEndpoint: 'none', timeouts } } })
}

export function modelOf ({ app }: TestApp): ModelStatus {
  return app.llamaSwap.status().models[0]!
}

export interface Answer { readonly status: number, readonly text: () => Promise<string> }

/** Sends a request that is given up when the test ends; `settled` tells whether it has an answer. Not by `fetch`, which may share undici's clock. */
export function ask (t: Test, { url }: TestApp, headers: Record<string, string> = {}): { answer: Promise<Answer>, settled: () => boolean } {
  const post = request(`${url}/v1/chat/completions`, { method: 'POST', agent: false, headers: { ...headers, 'content-type': 'application/json' } })
  t.teardown(() => post.destroy())
  let settled = false
  const answer = new Promise<Answer>((resolve, reject) => {
    post.once('error', reject).once('response', (response) => resolve({ status: response.statusCode!, text: () => text(response) }))
  }).finally(() => { settled = true })
  post.end('{"model":"a","messages":[]}')
  // A test may end before it.
  answer.catch(() => {})
  return { answer, settled: () => settled }
}

/** The connections to a server that its gateway has begun, and those it has made, in their order. */
export function connections (t: Test, origin: string): { begun: unknown[], made: Socket[] } {
  const begun: unknown[] = []
  const made: Socket[] = []
  interface Message { connectParams: { host: string }, socket: Socket }
  const follow = (event: string, onEvent: (message: Message) => void): void => {
    const listener = (message: unknown): void => {
      if ((message as Message).connectParams.host === new URL(origin).host) onEvent(message as Message)
    }
    subscribe(`undici:client:${event}`, listener)
    t.teardown(() => unsubscribe(`undici:client:${event}`, listener))
  }
  follow('beforeConnect', (message) => { begun.push(message) })
  follow('connected', ({ socket }) => { made.push(socket) })
  return { begun, made }
}
