// The types of a config and the schema that it is checked with say the same: every key of one is in the other, with the same type.
import { describe, expect, test } from 'tstyche'
import type { configSchema } from '../lib/config/schema/config.ts'
import type { ConfigInput } from '../index.ts'

/** The type that a schema describes. */
type Described<S> =
  S extends { type: 'object', properties: infer P } ? Keys<P, S extends { required: readonly (infer R)[] } ? R : never>
    : S extends { type: 'object' | readonly ['object', 'null'], additionalProperties: infer A } ? Record<string, Described<A>> | (S extends { type: readonly unknown[] } ? null : never)
      : S extends { type: 'array', items: infer I } ? Array<Described<I>>
        : S extends { enum: readonly (infer V)[] } ? V
          : S extends { type: infer T } ? Plain<T extends readonly (infer N)[] ? N : T>
            : unknown

type Keys<P, R> = { [K in keyof P as K extends R ? K : never]: Described<P[K]> } & { [K in keyof P as K extends R ? never : K]?: Described<P[K]> }

type Plain<T> = T extends 'string' ? string : T extends 'integer' | 'number' ? number : T extends 'boolean' ? boolean : T extends 'null' ? null : never

/** A type without index signatures beside its keys, and without `readonly`, all the way down. */
type Known<T> =
  unknown extends T ? unknown
    : T extends ReadonlyArray<infer I> ? Array<Known<I>>
      : T extends object ? [keyof Named<T>] extends [never] ? { -readonly [K in keyof T]: Known<T[K]> } : { -readonly [K in keyof Named<T>]: Known<Named<T>[K]> }
        : T

type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] }

describe('the input types', () => {
  test('are what the schema describes', () => {
    expect<Known<ConfigInput>>().type.toBe<Known<Described<typeof configSchema>>>()
  })
})
