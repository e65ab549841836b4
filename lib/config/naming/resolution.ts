import type { Problem } from '../problem.ts'

/** What became of a part of the config. With problems the value is what could be made of the rest, so that other parts can still be checked. */
export interface Resolution<Value> {
  readonly value: Value
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}
