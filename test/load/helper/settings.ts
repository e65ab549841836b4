import { randomInt } from 'node:crypto'
import { envNumber } from '../../helper/env-number.ts'

/** What the random choices come from: `LOAD_SEED`, to repeat them. */
export const seed = envNumber('LOAD_SEED') ?? randomInt(2 ** 31)

/** What part of the whole is done: `LOAD_PART`, in percent. */
export const part = (envNumber('LOAD_PART') ?? 100) / 100
