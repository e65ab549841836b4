const ROOM = 1024

/** A text with parts replaced, told from its beginning to its end. Nothing is copied before there is a first one. */
export class Rewrite {
  readonly source: Buffer
  #target: Buffer | undefined
  #filled = 0
  /** What is before is in the target, or replaced. */
  #done = 0

  constructor (source: Buffer) {
    this.source = source
  }

  replace (start: number, end: number, text: string): void {
    const length = Buffer.byteLength(text)
    const target = this.#withRoom(start - this.#done + length)
    this.#filled += this.source.copy(target, this.#filled, this.#done, start)
    this.#filled += target.write(text, this.#filled)
    this.#done = end
  }

  /** The source itself if nothing was replaced. */
  result (): Buffer {
    if (this.#target === undefined) return this.source
    const target = this.#withRoom(this.source.length - this.#done)
    this.#filled += this.source.copy(target, this.#filled, this.#done)
    this.#done = this.source.length
    return target.subarray(0, this.#filled)
  }

  /** Room for so much more, and for what is left of the source besides: a long body is copied once. */
  #withRoom (length: number): Buffer {
    const left = this.source.length - this.#done
    if (this.#target === undefined) {
      this.#target = Buffer.allocUnsafe(length + left + ROOM)
    } else if (this.#filled + length > this.#target.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#filled + length + left, this.#target.length * 2))
      this.#target.copy(larger, 0, 0, this.#filled)
      this.#target = larger
    }
    return this.#target
  }
}
