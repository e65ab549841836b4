import type { JsonEdit } from './json-edit.ts'

/** Thrown for an edit that a body has the wrong shape for. The message tells why; no values are in it. */
export class EditFailed extends Error {
  readonly edit: JsonEdit

  constructor (edit: JsonEdit, reason: string) {
    super(reason)
    this.edit = edit
  }
}
