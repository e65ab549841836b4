import type { FastifyBaseLogger } from 'fastify'
import type { LlamaSwapError, StateEvent } from '../../index.ts'

/** Logs state changes as JSON: for machines, where there is no terminal. */
export function stateLogger (log: FastifyBaseLogger): (event: StateEvent) => void {
  return ({ model, from, to, cause, duration, error }) => {
    const change = { model, from, to, cause, durationMs: Math.round(duration) }
    if (error === undefined) log.info(change, `${model} is ${to}`)
    else log.warn({ ...change, error: error.message, detail: (error as LlamaSwapError).detail }, `${model} is ${to}: ${error.message}`)
  }
}
