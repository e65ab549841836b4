import type { Filters } from '../config/naming/filters.ts'
import type { ParamPath } from '../config/naming/param-path.ts'
import { errors } from '../errors.ts'
import { EditFailed } from './edit-failed.ts'
import { editJson } from './json-edit.ts'
import type { JsonEdit } from './json-edit.ts'

export interface FilterOptions {
  readonly filters: Filters
  /** The name that was asked for, which further settings may be for. */
  readonly requested: string
  /** The model name to send in its place. */
  readonly rename?: string | undefined
}

const MODEL: ParamPath = { text: 'model', segments: [{ kind: 'key', name: 'model' }], onlyExisting: false }

/**
 * A JSON body as a model's filters want it: its model renamed, then fields stripped, then set, then those set for the name that was asked for.
 * The same Buffer if none of it changes anything.
 *
 * @throws BodyNotJson, BodyEdit
 */
export function filterBody (bytes: Buffer, { filters, requested, rename }: FilterOptions): Buffer {
  const { stripParams, setParams, setParamsByID } = filters
  const edits: JsonEdit[] = [
    ...rename === undefined ? [] : [{ kind: 'set', path: MODEL, json: JSON.stringify(rename) } as const],
    ...stripParams.map(({ path }) => ({ kind: 'delete', path } as const)),
    ...[...setParams, ...setParamsByID.get(requested) ?? []].map(({ path, json }) => ({ kind: 'set', path, json } as const))
  ]
  try {
    return editJson(bytes, edits)
  } catch (error) {
    if (!(error instanceof EditFailed)) throw error
    const { kind, path } = error.edit
    throw new errors.BodyEdit(path.text, kind === 'set' ? 'set' : 'stripped', error.message)
  }
}
