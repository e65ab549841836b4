import type { ParamPath } from '../config/naming/param-path.ts'
import { errors } from '../errors.ts'
import { existingPlaces } from './existing-places.ts'
import { OPEN_BRACE } from './json-bytes.ts'
import { skipSpace } from './json-scan.ts'
import { Rewrite } from './rewrite.ts'
import { editObject } from './value-edit.ts'

/** One change of a JSON object. Of a key that is there twice it leaves the last at most, so that all who read it see the same. */
export type JsonEdit =
  | { readonly kind: 'delete', readonly path: ParamPath }
  | { readonly kind: 'set', readonly path: ParamPath, readonly json: string }

/**
 * Edits a JSON object, each edit in what those before it have left. All other bytes stay as they are; if none changes, it is the same Buffer.
 *
 * @throws BodyNotJson if it is no whole JSON object, EditFailed if it has not the shape that an edit needs
 */
export function editJson (bytes: Buffer, edits: readonly JsonEdit[]): Buffer {
  if (edits.length === 0) return bytes
  let edited = bytes
  let pending: JsonEdit[] = []
  for (const edit of edits) {
    if (!edit.path.onlyExisting) {
      pending.push(edit)
      continue
    }
    // Where it leads to depends on what is there by then.
    edited = apply(edited, pending)
    pending = existingPlaces(edited, edit).map((path) => ({ ...edit, path }))
  }
  return apply(edited, pending)
}

function apply (bytes: Buffer, edits: readonly JsonEdit[]): Buffer {
  const open = skipSpace(bytes, 0)
  if (bytes[open] !== OPEN_BRACE) throw new errors.BodyNotJson()
  const rewrite = new Rewrite(bytes)
  const end = editObject(rewrite, open, edits, 0)
  if (skipSpace(bytes, end) < bytes.length) throw new errors.BodyNotJson()
  return rewrite.result()
}
