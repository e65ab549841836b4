import { until } from '../../helper/app.ts'
import type { Random } from './random.ts'
import type { Asked, Gateway } from './start-gateway.ts'

/** What makes a request stream for longer than anybody waits. */
export const endless = { stream: true, fault: { chunks: 10_000, chunkMs: 2 } }

export function is (actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${String(actual)} instead of ${String(expected)}`)
}

export function isNot (actual: unknown, expected: unknown): void {
  if (actual === expected) throw new Error(`it is ${String(actual)}`)
}

export function isCut ({ status, text, error }: Awaited<Asked['end']>): void {
  is(status, 200)
  isNot(error, undefined)
  is(text.includes('[DONE]'), false)
}

export async function answers (gateway: Gateway, model: string, body: { stream?: boolean } = {}): Promise<void> {
  const { status, text, error } = await gateway.ask(model, body).end
  is(error, undefined)
  if (status !== 200) throw new Error(`${status}: ${text}`)
  is(text.includes(body.stream === true ? '[DONE]' : 'hello from'), true)
}

export async function midStream (gateway: Gateway): Promise<Asked> {
  is(await gateway.load('plain'), undefined)
  const asked = gateway.ask('plain', endless)
  await until(() => asked.answer.text !== '' || asked.answer.error !== undefined)
  is(asked.answer.status, 200)
  return asked
}

export async function kill (gateway: Gateway, model: string): Promise<void> {
  process.kill((await gateway.status(model)).pid!, 'SIGKILL')
  await until(async () => (await gateway.status(model)).state === 'stopped')
}

export async function leaves (asked: Asked): Promise<void> {
  asked.cancel()
  isNot((await asked.end).error, undefined)
}

export async function leavesDuring (gateway: Gateway, random: Random, body: object): Promise<void> {
  is(await gateway.load('plain'), undefined)
  const asked = gateway.ask('plain', body)
  await until(async () => (await gateway.status('plain')).leases === 1)
  await pause(random)
  await leaves(asked)
  await until(async () => (await gateway.status('plain')).leases === 0)
}

// So that things meet in ever new orders.
export function pause (random: Random): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, random.below(20)))
}
