import Fastify from 'fastify'
import { describe, expect, test } from 'tstyche'
import type { Response } from 'undici'
import type { ConfigEvent, Lease, LogEvent, LogLine, LlamaSwap, RequestEvent, StateEvent, Status, SwapEvent } from '../index.ts'

describe('app.llamaSwap', () => {
  const app = Fastify()

  test('is on the instance', () => {
    expect(app.llamaSwap).type.toBe<LlamaSwap>()
  })

  test('lends, fetches, loads and unloads', () => {
    expect(app.llamaSwap.acquire('a')).type.toBe<Promise<Lease>>()
    expect(app.llamaSwap.acquire('a', { deadline: 1000, priority: 1, signal: AbortSignal.timeout(5) })).type.toBe<Promise<Lease>>()
    expect(app.llamaSwap.fetch('a', '/v1/embeddings', { method: 'POST', body: '{}', priority: 2 })).type.toBe<Promise<Response>>()
    expect(app.llamaSwap.load('a')).type.toBe<Promise<void>>()
    expect(app.llamaSwap.unload()).type.toBe<Promise<void>>()
    expect(app.llamaSwap.unload('a', { force: true })).type.toBe<Promise<void>>()
    expect(app.llamaSwap.drain()).type.toBe<Promise<void>>()
    expect(app.llamaSwap.status()).type.toBe<Status>()
    expect(app.llamaSwap.logs('a', { history: true, signal: AbortSignal.timeout(5) })).type.toBe<AsyncIterableIterator<LogLine>>()
  })

  test('reloads from a path, an object, or what it was registered with', () => {
    expect(app.llamaSwap.reload()).type.toBe<Promise<ConfigEvent>>()
    expect(app.llamaSwap.reload).type.toBeCallableWith('llama-swap.yaml')
    expect(app.llamaSwap.reload).type.toBeCallableWith({ models: { a: { cmd: 'server' } } })
    expect(app.llamaSwap.reload).type.not.toBeCallableWith({ models: { a: {} } })
    expect<ConfigEvent['changed']>().type.toBe<readonly string[]>()
  })

  test('a lease can be disposed of', () => {
    expect<Lease>().type.toBeAssignableTo<Disposable>()
  })

  test('events are typed by their names', () => {
    app.llamaSwap.on('state', (event) => { expect(event).type.toBe<StateEvent>() })
    app.llamaSwap.on('swap', (event) => { expect(event).type.toBe<SwapEvent>() })
    app.llamaSwap.on('request', (event) => { expect(event).type.toBe<RequestEvent>() })
    app.llamaSwap.on('log', (event) => { expect(event).type.toBe<LogEvent>() })
    app.llamaSwap.on('config', (event) => { expect(event).type.toBe<ConfigEvent>() })
    expect(app.llamaSwap.on).type.not.toBeCallableWith('nothing', () => {})
    expect(app.llamaSwap.on('log', () => {})).type.toBe<() => void>()
  })
})
