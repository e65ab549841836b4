import type { FastifyRequest } from 'fastify'
import { modelInQuery } from '../body/query.ts'
import type { BodyScanner, ScanResult } from '../body/scanner.ts'
import { errors } from '../errors.ts'
import { targetOf } from '../proxy/path.ts'

export interface ModelName {
  readonly name: string
  /** It stands in the body. */
  readonly inBody: boolean
  /** It stands in the query. */
  readonly inQuery: boolean
}

/**
 * Finds the model's name as llama-swap does: in the body by its type; in the query where there is no body, and where a form has none or the
 * body's type is unknown. A body of no type that is JSON is read as that. Where both are read, they must not name two models: whoever permits
 * the request, and whoever answers it, may look at one of them each.
 *
 * @throws an `FST_LS_MODEL_MISSING`, `FST_LS_MODEL_AMBIGUOUS`, `FST_LS_BODY_NOT_JSON` or `FST_LS_BODY_MALFORMED` error
 */
export function findModelName (request: FastifyRequest, scanner: BodyScanner | undefined): ModelName {
  if (scanner === undefined) return { name: nameOf(modelIn(request)), inBody: false, inQuery: true }
  const body = scanner.result()
  const query = isJson(request.headers['content-type'], scanner) ? NOTHING : modelIn(request)
  if (query.kind === 'missing') return { name: nameOf(body), inBody: true, inQuery: false }
  const name = nameOf(query)
  if (body.kind === 'missing' || body.kind === 'notJson') return { name, inBody: false, inQuery: true }
  if (nameOf(body) !== name) throw new errors.ModelAmbiguous()
  return { name, inBody: true, inQuery: true }
}

/** Whether a request says itself that its body is JSON; one that says nothing is only tried as that. */
function isJson (contentType: string | undefined, { kind }: BodyScanner): boolean {
  return kind === 'json' && (contentType ?? '').toLowerCase().includes('application/json')
}

const NOTHING: ScanResult = { kind: 'missing' }

function modelIn (request: FastifyRequest): ScanResult {
  return modelInQuery(targetOf(request.raw.url!).query)
}

function nameOf (result: ScanResult): string {
  switch (result.kind) {
    case 'found': return result.model
    case 'missing': throw new errors.ModelMissing()
    case 'ambiguous': throw new errors.ModelAmbiguous()
    case 'notJson': throw new errors.BodyNotJson()
    case 'malformed': throw new errors.BodyMalformed(result.what)
  }
}
