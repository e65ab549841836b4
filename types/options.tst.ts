import Fastify from 'fastify'
import { describe, expect, test } from 'tstyche'
import llamaSwap from '../index.ts'
import type { ConfigInput, LlamaSwapOptions } from '../index.ts'

describe('register', () => {
  const app = Fastify()

  test('takes a path or an object', () => {
    expect(app.register).type.toBeCallableWith(llamaSwap, { config: 'llama-swap.yaml' })
    expect(app.register).type.toBeCallableWith(llamaSwap, { config: { models: { a: { cmd: 'server --port ${PORT}', ttl: 60 } } }, prefix: '/llm' })
  })

  test('wants a config, and knows its options', () => {
    expect<LlamaSwapOptions>().type.not.toBeAssignableFrom<{ prefix: string }>()
    expect<LlamaSwapOptions>().type.not.toBeAssignableFrom<{ config: number }>()
    expect<LlamaSwapOptions>().type.toBeAssignableFrom<{ config: ConfigInput, inheritEnv: true, routes: { admin: true, upstream: 'inference' } }>()
    expect<LlamaSwapOptions>().type.not.toBeAssignableFrom<{ config: ConfigInput, inheritEnv: false }>()
  })

  test('families of routes take hooks', () => {
    expect<LlamaSwapOptions>().type.toBeAssignableFrom<{ config: string, routes: { inference: { onRequest: () => Promise<void> } } }>()
    expect<LlamaSwapOptions>().type.not.toBeAssignableFrom<{ config: string, routes: { inference: 'yes' } }>()
  })
})

describe('a model', () => {
  test('needs a command', () => {
    expect<ConfigInput>().type.not.toBeAssignableFrom<{ models: { a: { ttl: number } } }>()
    expect<ConfigInput>().type.not.toBeAssignableFrom<{ models: { a: { cmd: string, ttl: string } } }>()
  })

  test('may carry keys that nobody knows', () => {
    expect<ConfigInput>().type.toBeAssignableFrom<{ models: { a: { cmd: string, useModelName: string, own: number } }, groups: { g: { members: string[] } }, 'x-own': object }>()
    expect<ConfigInput>().type.not.toBeAssignableFrom<{ models: { a: { cmd: string, useModelName: number } } }>()
  })
})
