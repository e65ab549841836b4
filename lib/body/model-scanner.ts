import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, CR, LF, LOWER_T, OPEN_BRACE, OPEN_BRACKET, QUOTE, SPACE, TAB, isEscaped } from './json-bytes.ts'
import type { JsonScanner, ScanResult } from './scanner.ts'
import { matchWord } from './word.ts'

/**
 * Finds the top-level `model` of a JSON object without parsing it, while its bytes arrive: long strings are skipped,
 * everything else is looked at once. It checks nesting, not grammar: what else is wrong with the body is for the server to say.
 */
export class ModelScanner implements JsonScanner {
  readonly kind = 'json'
  #position = 0
  #depth = 0
  /** Where the string under way began, its quote included; -1 outside strings. */
  #stringStart = -1
  /** At depth 1: whether the next string is a key. */
  #expectKey = false
  /** At depth 1: the key whose value comes, if it matters. */
  #key: 'model' | 'stream' | undefined
  #closed = false
  #failed = false
  #model: string | undefined
  /** The `model` keys whose value was not a string, or not yet. */
  #notStrings = 0
  #ambiguous = false
  #streams = false

  /** Whether the top-level `stream` is `true`; of several the last counts. */
  get streams (): boolean {
    return this.#streams
  }

  /** Looks at `bytes` up to `end`; what was before is not looked at again, and must not have moved. */
  scan (bytes: Buffer, end: number): void {
    let position = this.#position
    const arrived = bytes.subarray(0, end)
    while (position < end && !this.#failed) {
      if (this.#stringStart !== -1) {
        const close = arrived.indexOf(QUOTE, position)
        if (close === -1) {
          position = end
          break
        }
        position = close + 1
        if (!isEscaped(bytes, close, this.#stringStart)) this.#endString(bytes, position)
        continue
      }
      const byte = bytes[position]!
      if (byte === QUOTE && this.#depth > 0) this.#stringStart = position
      else this.#structure(byte)
      position++
    }
    this.#position = position
  }

  /** What was found, once all bytes were scanned. */
  result (): ScanResult {
    if (this.#failed || !this.#closed) return { kind: 'notJson' }
    if (this.#ambiguous || (this.#model !== undefined && this.#notStrings > 0)) return { kind: 'ambiguous' }
    return this.#model === undefined || this.#model === '' ? { kind: 'missing' } : { kind: 'found', model: this.#model }
  }

  #structure (byte: number): void {
    if (byte <= SPACE && (byte === SPACE || byte === LF || byte === CR || byte === TAB)) return
    if (this.#depth === 0) {
      // One object, and nothing after it.
      if (byte !== OPEN_BRACE || this.#closed) this.#failed = true
      else this.#open()
      return
    }
    switch (byte) {
      case OPEN_BRACE: case OPEN_BRACKET: this.#open(); break
      case CLOSE_BRACE: case CLOSE_BRACKET:
        this.#depth--
        if (this.#depth === 0) this.#closed = true
        break
      case COMMA:
        if (this.#depth === 1) {
          this.#expectKey = true
          this.#key = undefined
        }
        break
      case COLON:
        if (this.#depth === 1) this.#expectKey = false
        break
      case LOWER_T:
        // Of all that a value can be, only `true` has a t outside strings.
        if (this.#depth === 1 && this.#key === 'stream') this.#streams = true
        break
    }
  }

  #open (): void {
    this.#depth++
    if (this.#depth === 1) this.#expectKey = true
  }

  #endString (bytes: Buffer, end: number): void {
    const start = this.#stringStart
    this.#stringStart = -1
    if (this.#depth !== 1) return
    if (this.#expectKey) {
      this.#key = keyOf(bytes, start, end)
      if (this.#key === 'model') this.#notStrings++
      else if (this.#key === 'stream') this.#streams = false
    } else if (this.#key === 'model') {
      this.#notStrings--
      const model = decode(bytes, start, end)
      if (model === undefined) this.#failed = true
      else if (this.#model !== undefined && this.#model !== model) this.#ambiguous = true
      else this.#model = model
    }
  }
}

// A key may be spelled with escapes: `"\u006dodel"` is `model` to the server.
function keyOf (bytes: Buffer, start: number, end: number): 'model' | 'stream' | undefined {
  if (matchWord(bytes, start + 1, 'model', '\\u00') === end - 1) return 'model'
  return matchWord(bytes, start + 1, 'stream', '\\u00') === end - 1 ? 'stream' : undefined
}

function decode (bytes: Buffer, start: number, end: number): string | undefined {
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as string
  } catch {
    return undefined
  }
}
