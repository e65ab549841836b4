import type { FastifyRequest } from 'fastify'
import { modelInQuery } from '../body/query.ts'
import type { BodyScanner, ScanResult } from '../body/scanner.ts'
import { errors } from '../errors.ts'

export interface ModelName {
  readonly name: string
  readonly place: 'body' | 'query'
}

/**
 * Finds the model's name as llama-swap does: in the body by its type; in the query where there is no body, and where a form has none or
 * the body's type is unknown. A body of no type that is JSON is read as that.
 *
 * @throws an `FST_LS_MODEL_MISSING`, `FST_LS_MODEL_AMBIGUOUS`, `FST_LS_BODY_NOT_JSON` or `FST_LS_BODY_MALFORMED` error
 */
export function findModelName (request: FastifyRequest, scanner: BodyScanner | undefined): ModelName {
  if (scanner === undefined) return found(modelIn(request), 'query')
  const result = scanner.result()
  if (result.kind === 'found' && isNamed(request, scanner)) return { name: result.model, place: 'body' }
  const inQuery = result.kind === 'missing' || !isNamed(request, scanner) ? modelIn(request) : undefined
  return inQuery === undefined || inQuery.kind === 'missing' ? found(result, 'body') : found(inQuery, 'query')
}

function modelIn (request: FastifyRequest): ScanResult {
  const url = request.raw.url!
  const query = url.indexOf('?')
  return query === -1 ? { kind: 'missing' } : modelInQuery(url.slice(query))
}

// Whether the request says itself that its body is what the scanner takes it for.
function isNamed (request: FastifyRequest, scanner: BodyScanner): boolean {
  return scanner.kind === 'form' || (request.headers['content-type'] ?? '').toLowerCase().includes('json')
}

function found (result: ScanResult, place: ModelName['place']): ModelName {
  switch (result.kind) {
    case 'found': return { name: result.model, place }
    case 'missing': throw new errors.ModelMissing()
    case 'ambiguous': throw new errors.ModelAmbiguous()
    case 'notJson': throw new errors.BodyNotJson()
    case 'malformed': throw new errors.BodyMalformed(result.what)
  }
}
