import { randomInt } from 'node:crypto'

/** What the random choices come from: `LOAD_SEED`, to repeat them. */
export const seed = numberOf('LOAD_SEED') ?? randomInt(2 ** 31)

/** What part of the whole is done: `LOAD_PART`, in percent. */
export const part = (numberOf('LOAD_PART') ?? 100) / 100

function numberOf (variable: string): number | undefined {
  const text = process.env[variable]
  if (text === undefined || text === '') return undefined
  if (!/^\d+$/.test(text)) throw new Error(`${variable} is no number: ${text}`)
  return Number(text)
}
