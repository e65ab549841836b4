import { decodeForm, encodeForm } from './form-coding.ts'
import { FormFields } from './form-fields.ts'
import type { FormScanner, ScanResult } from './scanner.ts'
import { matchWord } from './word.ts'

const AMPERSAND = 0x26
const EQUALS = 0x3d
const NEAR = 16

/** Finds `model` in `name=value` pairs with `&` between them, while they arrive. */
export class PairScanner implements FormScanner {
  readonly kind = 'form'
  readonly #fields = new FormFields()
  /** What was seen last. The last pair has no `&` behind it: that it is whole is known only at the end. */
  #seen: Buffer | undefined
  /** Where the pair under way begins. */
  #start = 0
  #position = 0

  get streams (): boolean {
    this.#end()
    return this.#fields.streams
  }

  scan (bytes: Buffer, end: number): void {
    const seen = bytes.subarray(0, end)
    while (!this.#fields.settled) {
      const ampersand = findAmpersand(seen, this.#position)
      if (ampersand === -1) break
      this.#endPair(seen, ampersand)
      this.#start = this.#position = ampersand + 1
    }
    this.#position = end
    this.#seen = seen
  }

  result (): ScanResult {
    this.#end()
    return this.#fields.result()
  }

  rewrite (bytes: Buffer, model: string): Buffer {
    return this.#fields.replace(bytes, encodeForm(model))
  }

  #end (): void {
    if (this.#seen !== undefined && !this.#fields.settled) this.#endPair(this.#seen, this.#seen.length)
    this.#seen = undefined
  }

  #endPair (seen: Buffer, end: number): void {
    const model = findValue(seen, this.#start, end, 'model')
    if (model !== -1) return this.#fields.addModel(seen, model, end, decodeForm)
    const stream = findValue(seen, this.#start, end, 'stream')
    if (stream !== -1) this.#fields.streams = matchWord(seen, stream, 'true', '%') === end
  }
}

/** Where the value of a pair begins, if it has this name. */
function findValue (seen: Buffer, start: number, end: number, name: string): number {
  const nameEnd = matchWord(seen, start, name, '%')
  if (nameEnd === end) return end
  return nameEnd !== -1 && seen[nameEnd] === EQUALS ? nameEnd + 1 : -1
}

// Pairs can be many and short. A call out of JavaScript for each would cost more than to look at some bytes here.
function findAmpersand (seen: Buffer, from: number): number {
  const near = Math.min(from + NEAR, seen.length)
  for (let i = from; i < near; i++) if (seen[i] === AMPERSAND) return i
  return near === seen.length ? -1 : seen.indexOf(AMPERSAND, near)
}
