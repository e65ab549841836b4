import { filterBody } from '../body/filter-body.ts'
import { rewriteQuery } from '../body/query.ts'
import type { BodyScanner } from '../body/scanner.ts'
import type { Config } from '../config/config.ts'
import type { Target } from '../names/target.ts'
import type { ModelName } from './model-name.ts'

export interface RequestParts {
  readonly path: string
  /** With its question mark; empty when there is none. */
  readonly query: string
  readonly bytes: Buffer
  readonly scanner: BodyScanner | undefined
}

/** What the server is sent: the name by which it knows the model, and the fields that the config's filters take out or set. What is not edited stays as it was. */
export function editRequest (config: Config, target: Target, { inBody, inQuery }: Omit<ModelName, 'name'>, { path, query, bytes, scanner }: RequestParts): { path: string, body: Buffer } {
  const { name, rewrite } = target
  const sent = path + (inQuery && rewrite !== undefined ? rewriteQuery(query, rewrite) : query)
  const rename = inBody ? rewrite : undefined
  if (scanner === undefined) return { path: sent, body: bytes }
  if (scanner.kind === 'form') return { path: sent, body: rename === undefined ? bytes : scanner.rewrite(bytes, rename) }
  if (scanner.result().kind === 'notJson') return { path: sent, body: bytes }
  const { filters } = target.kind === 'local' ? config.models.get(target.model)! : config.peers.peers.get(target.peer)!
  return { path: sent, body: filterBody(bytes, { filters, requested: name, rename }) }
}
