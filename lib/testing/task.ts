import type { Json } from './answers.ts'
import type { Exchange } from './exchange.ts'
import type { Fault } from './faults.ts'
import type { Shape } from './shapes.ts'

/** What is to be answered, and what goes wrong with it. */
export interface Task {
  readonly exchange: Exchange
  /** The upstream's. */
  readonly name: string
  readonly shape: Shape
  readonly fault: Fault
  /** What was sent, and the same as JSON if it was an object. */
  readonly body: Buffer
  readonly json: Json
}
