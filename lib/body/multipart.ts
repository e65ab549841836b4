import { errors } from '../errors.ts'
import { FormFields } from './form-fields.ts'
import { parseHeaderValue } from './header-value.ts'
import { parsePartHead } from './part-head.ts'
import type { FormScanner, ScanResult } from './scanner.ts'

// RFC 2046 allows no longer one.
const MAX_BOUNDARY = 70
const MAX_HEAD = 16 * 1024
const MAX_PARTS = 10_000

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const DASH = 0x2d
const EMPTY_LINE = Buffer.from('\r\n\r\n')
const TRUE = Buffer.from('true')
const LONE_LF = 'a line of it ends in LF alone: write CR LF'
const NOT_ENCODED = [undefined, '7bit', '8bit', 'binary']

/** The boundary that a `multipart/form-data` header names. */
export function boundaryOf (contentType: string): string | undefined {
  return parseHeaderValue(contentType)?.parameters.get('boundary') || undefined
}

/**
 * Finds the field `model` of a `multipart/form-data` body while its bytes arrive. It goes from boundary to boundary and looks at the headers
 * of each part, and at the content of those two that matter; what is in the others it does not see.
 */
export class MultipartScanner implements FormScanner {
  readonly kind = 'form'
  readonly #fields = new FormFields()
  /** The line end before a boundary is part of it, and not of the content. */
  readonly #delimiter: Buffer
  #phase: 'start' | 'content' | 'delimiter' | 'head' | 'closing' | 'closed' = 'start'
  /** Nothing before it is looked at again. */
  #position = 0
  #parts = 0
  #headStart = 0
  #contentStart = 0
  #contentEnd = 0
  /** What the part under way is, if it matters. */
  #field: 'model' | 'stream' | undefined

  constructor (boundary: string | undefined) {
    // Node gives a header as one character a byte.
    this.#delimiter = Buffer.from(`\r\n--${boundary ?? ''}`, 'latin1')
    if (boundary === undefined) this.#fields.fail('its Content-Type names no boundary')
    else if (boundary.length > MAX_BOUNDARY) this.#fields.fail(`its boundary is longer than ${MAX_BOUNDARY} characters`)
  }

  get streams (): boolean {
    return this.#fields.streams
  }

  scan (bytes: Buffer, end: number): void {
    const seen = bytes.subarray(0, end)
    while (!this.#fields.settled && this.#advance(seen));
  }

  result (): ScanResult {
    if (this.#phase === 'start' || (this.#phase === 'content' && this.#parts === 0)) this.#fields.fail('its boundary is not in it')
    else if (this.#phase !== 'closing' && this.#phase !== 'closed') this.#fields.fail('its end is missing: the boundary with "--" behind it')
    return this.#fields.result()
  }

  /** @throws an `FST_LS_BODY_MALFORMED` error if the new name holds the boundary, which the client has chosen */
  rewrite (bytes: Buffer, model: string): Buffer {
    if (Buffer.from(model).includes(this.#delimiter.subarray(2))) throw new errors.BodyMalformed('its boundary is in the name of the model')
    return this.#fields.replace(bytes, model)
  }

  /** Goes one step on. False when there is none without more bytes. */
  #advance (seen: Buffer): boolean {
    switch (this.#phase) {
      case 'start': return this.#findStart(seen)
      case 'content': return this.#findDelimiter(seen)
      case 'delimiter': return this.#endDelimiter(seen)
      case 'head': return this.#readHead(seen)
      case 'closing': return this.#endForm(seen)
      case 'closed': return false
    }
  }

  // Only at the very start there is no line end before the boundary.
  #findStart (seen: Buffer): boolean {
    const first = this.#delimiter.subarray(2)
    if (seen.length < first.length) return false
    if (seen.subarray(0, first.length).equals(first)) {
      this.#position = first.length
      this.#phase = 'delimiter'
    } else this.#phase = 'content'
    return true
  }

  #findDelimiter (seen: Buffer): boolean {
    // Before the first boundary servers take a line feed alone for the end of a line.
    const isPreamble = this.#parts === 0
    const delimiter = isPreamble ? this.#delimiter.subarray(1) : this.#delimiter
    const at = seen.indexOf(delimiter, this.#position)
    if (at === -1) {
      this.#position = Math.max(this.#position, seen.length - delimiter.length + 1)
      return false
    }
    if (isPreamble && seen[at - 1] !== CR) this.#fields.fail(LONE_LF)
    this.#contentEnd = at
    this.#position = at + delimiter.length
    this.#phase = 'delimiter'
    return true
  }

  /** What comes behind a boundary tells whether it is one: `--boundary2` is content. */
  #endDelimiter (seen: Buffer): boolean {
    const position = this.#position
    if (seen.length < position + 2) return false
    const byte = seen[position]
    if (byte === DASH && seen[position + 1] === DASH) {
      this.#endPart(seen)
      this.#position += 2
      this.#phase = 'closing'
    } else if (byte === LF) this.#fields.fail(LONE_LF)
    else if (byte === CR || byte === SPACE || byte === TAB) {
      this.#endPart(seen)
      this.#headStart = position
      this.#phase = 'head'
      if (++this.#parts > MAX_PARTS) this.#fields.fail(`it has more than ${MAX_PARTS} parts`)
    } else this.#phase = 'content'
    return true
  }

  /** Behind the last boundary only its line may end. What comes after that is of no interest. */
  #endForm (seen: Buffer): boolean {
    while (seen[this.#position] === SPACE || seen[this.#position] === TAB) this.#position++
    const [byte, next] = [seen[this.#position], seen[this.#position + 1]]
    if (byte === undefined || (byte === CR && next === undefined)) return false
    if (byte === LF) this.#fields.fail(LONE_LF)
    else if (byte !== CR || next !== LF) this.#fields.fail('something is behind its last boundary')
    this.#phase = 'closed'
    return false
  }

  #readHead (seen: Buffer): boolean {
    const at = seen.indexOf(EMPTY_LINE, this.#position)
    const end = at === -1 ? seen.length : at
    if (end - this.#headStart > MAX_HEAD) this.#fail(`has more than ${MAX_HEAD / 1024} KB of headers`)
    else if (at === -1) this.#position = Math.max(this.#position, seen.length - EMPTY_LINE.length + 1)
    else {
      this.#beginPart(seen.toString('latin1', this.#headStart, at))
      this.#contentStart = at + EMPTY_LINE.length
      // The empty line may be the one before the next boundary: a part without content.
      this.#position = at + 2
      this.#phase = 'content'
    }
    return at !== -1
  }

  #beginPart (text: string): void {
    const head = parsePartHead(text)
    if (head.kind === 'broken') return this.#fail(head.what)
    const { kind, name, encoding } = head
    if (name !== 'model' && name !== 'stream') return
    if (kind === 'field') this.#field = name
    else if (name === 'model') {
      if (kind === 'file') this.#fields.addFile()
      else this.#fail('is a file without a name, or none: send "model" without a file name')
    }
    if (this.#field === 'model' && !NOT_ENCODED.includes(encoding)) this.#fail('has a content-transfer-encoding: send it as it is')
  }

  #endPart (seen: Buffer): void {
    const start = this.#contentStart
    const end = Math.max(start, this.#contentEnd)
    if (this.#field === 'model') this.#fields.addModel(seen, start, end, (text) => text)
    else if (this.#field === 'stream') this.#fields.streams = seen.subarray(start, end).equals(TRUE)
    this.#field = undefined
  }

  #fail (what: string): void {
    this.#fields.fail(`part ${this.#parts} ${what}`)
  }
}
