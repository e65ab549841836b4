import { ModelScanner } from './model-scanner.ts'
import { PairScanner } from './pairs.ts'
import type { ScanResult } from './scanner.ts'

const OPEN_BRACE = 0x7b
const BLANKS = [0x09, 0x0a, 0x0d, 0x20]

/** Finds the model in what is called `application/x-www-form-urlencoded`: a form, or the JSON that `curl -d` sends under that name. */
export class UrlencodedScanner {
  #scanner: ModelScanner | PairScanner = new PairScanner()
  #position = 0
  #decided = false

  get kind (): 'json' | 'form' {
    return this.#scanner.kind
  }

  get streams (): boolean {
    return this.#scanner.streams
  }

  scan (bytes: Buffer, end: number): void {
    while (!this.#decided && this.#position < end) {
      const byte = bytes[this.#position++]!
      if (byte === OPEN_BRACE) this.#scanner = new ModelScanner()
      this.#decided = !BLANKS.includes(byte)
    }
    if (this.#decided) this.#scanner.scan(bytes, end)
  }

  result (): ScanResult {
    return this.#scanner.result()
  }

  /** For forms only: how JSON is edited is not known here. */
  rewrite (bytes: Buffer, model: string): Buffer {
    if (this.#scanner.kind === 'json') throw new TypeError('the body is JSON')
    return this.#scanner.rewrite(bytes, model)
  }
}
