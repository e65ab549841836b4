import { filterBody } from '../body/filter-body.ts'
import { modelInQuery, rewriteQuery } from '../body/query.ts'
import type { BodyScanner, ScanResult } from '../body/scanner.ts'
import { errors } from '../errors.ts'
import type { PeerTarget } from '../names/target.ts'

export interface PeerRequest {
  readonly path: string
  /** With its question mark; empty when there is none. */
  readonly query: string
  readonly bytes: Buffer
  readonly scanner: BodyScanner
}

const NO_FILTERS = { stripParams: [], setParams: [], setParamsByID: new Map() }

/** What a peer is sent of a request whose path names the model: where body or query names it by our name as well, the peer's own is put in its place. */
export function editPeerRequest ({ name, rewrite }: PeerTarget, { path, query, bytes, scanner }: PeerRequest): { path: string, body: Buffer } {
  const isOurs = (result: ScanResult): boolean => rewrite !== undefined && result.kind === 'found' && result.model === name
  const sent = path + (isOurs(modelInQuery(query)) ? rewriteQuery(query, rewrite!) : query)
  if (!isOurs(scanner.result())) return { path: sent, body: bytes }
  return { path: sent, body: scanner.kind === 'form' ? scanner.rewrite(bytes, rewrite!) : filterBody(bytes, { filters: NO_FILTERS, requested: name, rename: rewrite }) }
}

/**
 * Refuses a request to a peer that names another model than its path does. The peer would serve that one, and nobody has permitted it.
 *
 * @throws an `FST_LS_MODEL_AMBIGUOUS`, `FST_LS_BODY_NOT_JSON` or `FST_LS_BODY_MALFORMED` error
 */
export function checkPeerRequest ({ name, rewrite }: PeerTarget, { query, bytes, scanner }: PeerRequest): void {
  for (const result of [modelInQuery(query), scanner.result()]) {
    switch (result.kind) {
      case 'found':
        if (result.model !== name && result.model !== rewrite) throw new errors.ModelAmbiguous()
        break
      case 'ambiguous': throw new errors.ModelAmbiguous()
      case 'malformed': throw new errors.BodyMalformed(result.what)
      case 'notJson':
        if (bytes.length > 0) throw new errors.BodyNotJson()
    }
  }
}
