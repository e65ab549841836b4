import { isUtf8 } from 'node:buffer'
import type { ScanResult } from './scanner.ts'

const MAX_VALUE = 16 * 1024
const MAX_MODELS = 100

/** What a form says in its fields, as a scanner finds them one by one. */
export class FormFields {
  /** The different values of `model`; undefined stands for one that is no text. */
  readonly #models = new Set<string | undefined>()
  /** Where the models are. */
  readonly #places: Array<{ readonly start: number, readonly end: number }> = []
  #malformed: string | undefined
  /** Whether its `stream` is `true`; of several the last counts. */
  streams = false

  /** There is no use in looking further. */
  get settled (): boolean {
    return this.#malformed !== undefined
  }

  /** The form cannot be read; the first reason is the one that is told. */
  fail (what: string): void {
    this.#malformed ??= what
  }

  /** A `model` whose value is at `start` to `end`; `decode` turns that into what is meant, or into undefined when it is malformed. */
  addModel (bytes: Buffer, start: number, end: number, decode: (text: string) => string | undefined): void {
    if (end - start > MAX_VALUE) return this.fail(`"model" is longer than ${MAX_VALUE / 1024} KB`)
    const value = bytes.subarray(start, end)
    if (!isUtf8(value)) return this.fail('"model" is not UTF-8')
    const text = decode(value.toString('utf8'))
    if (text === undefined) return this.fail('"model" has broken percent-encoding')
    if (this.#places.length === MAX_MODELS) return this.fail(`it has more than ${MAX_MODELS} fields "model"`)
    this.#places.push({ start, end })
    this.#models.add(text)
  }

  /** A `model` that is a file: some servers take it for a field all the same. */
  addFile (): void {
    this.#models.add(undefined)
  }

  result (): ScanResult {
    if (this.#malformed !== undefined) return { kind: 'malformed', what: this.#malformed }
    if (this.#models.size > 1) return { kind: 'ambiguous' }
    const [model] = this.#models
    return model === undefined || model === '' ? { kind: 'missing' } : { kind: 'found', model }
  }

  /** The form with `text` in the place of each model that is not empty. */
  replace (bytes: Buffer, text: string): Buffer {
    const replacement = Buffer.from(text)
    const pieces: Buffer[] = []
    let copied = 0
    for (const { start, end } of this.#places) {
      if (start === end) continue
      pieces.push(bytes.subarray(copied, start), replacement)
      copied = end
    }
    pieces.push(bytes.subarray(copied))
    return Buffer.concat(pieces)
  }
}
