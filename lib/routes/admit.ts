import type { FastifyRequest } from 'fastify'
import type { AdmitAnswer, AdmitQuestion, LlamaSwapOptions } from '../../types/options.ts'
import { errors } from '../errors.ts'

/** The terms on which a request is let in. */
export interface Terms {
  readonly priority?: number
  readonly deadline?: number
  /** Gives up the place that was kept for it meanwhile. */
  readonly leave?: () => void
}

type Admit = LlamaSwapOptions['admit']

const NO_TERMS: Terms = Object.freeze({})

/**
 * Asks the host whether a request may have a model, and goes on with its terms; at once, unless the host takes its time. `keep` is called
 * then: it keeps the request's place until it goes on, or is refused.
 *
 * @throws an `FST_LS_MODEL_FORBIDDEN` error
 */
export function admit<Result> (ask: Admit, request: FastifyRequest, question: AdmitQuestion, then: (terms: Terms) => Result, keep?: () => () => void): Result | Promise<Result> {
  if (ask === undefined) return then(NO_TERMS)
  const answer = ask(request, question)
  if (!isPromise(answer)) return then(termsOf(answer, question))
  const leave = keep?.()
  return answer.then((answer) => then({ ...termsOf(answer, question), ...(leave !== undefined && { leave }) })).catch((error: unknown) => {
    leave?.()
    throw error
  })
}

/** Which of these models a request may see. */
export async function admitted<Item extends { readonly model: string }> (ask: Admit, request: FastifyRequest, items: readonly Item[]): Promise<readonly Item[]> {
  if (ask === undefined) return items
  const answers = await Promise.all(items.map(({ model }) => ask(request, { action: 'list', model })))
  return items.filter((_, index) => isAllowed(answers[index]!))
}

function termsOf (answer: AdmitAnswer, { model }: AdmitQuestion): Terms {
  if (!isAllowed(answer)) throw new errors.ModelForbidden(model)
  if (answer === true) return NO_TERMS
  const { priority, deadline } = answer as Terms
  for (const [name, value] of Object.entries({ priority, deadline })) {
    if (value !== undefined && (typeof value !== 'number' || Number.isNaN(value))) throw new TypeError(`llama-swap: "${name}" that admit() has answered is no number`)
  }
  return { ...(priority !== undefined && { priority }), ...(deadline !== undefined && { deadline }) }
}

// A host that returns nothing has not said yes.
function isAllowed (answer: AdmitAnswer): boolean {
  return answer === true || (typeof answer === 'object' && answer !== null && answer.allow === true)
}

function isPromise (answer: AdmitAnswer | Promise<AdmitAnswer>): answer is Promise<AdmitAnswer> {
  return typeof (answer as Promise<AdmitAnswer> | undefined)?.then === 'function'
}
