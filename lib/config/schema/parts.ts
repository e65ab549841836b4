import type { Schema } from './schema.ts'

/** Anything: what is passed on as it is. */
export const anything = {} as const satisfies Schema

export const texts = { type: 'array', items: { type: 'string' } } as const satisfies Schema

/** Keys and values that are not ours. */
export const anyMap = { type: 'object', additionalProperties: anything } as const satisfies Schema

// Beyond this a timer would overflow; it is 68 years.
export const MAX_SECONDS = 2 ** 31 - 1

export const seconds = { type: 'integer', minimum: 0, maximum: MAX_SECONDS } as const satisfies Schema

/** A length of time as Go writes it: `5s`, `1m30s`, `1.5h`. */
export const GO_DURATION = 'go-duration'
export const duration = { type: 'string', format: GO_DURATION } as const satisfies Schema
