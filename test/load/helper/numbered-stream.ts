/** Reads the events of one answer of the stream server as they come, and finds what is lost, doubled, or somebody else's. */
export class NumberedStream {
  /** How many events have come. */
  count = 0
  /** Whether the end mark has come. */
  done = false
  /** The first thing that is wrong with it. */
  fault: string | undefined
  readonly #id: string
  readonly #from: string
  /** The length of the body that the server must have got; of one that is edited on its way it is not known. */
  readonly #length: number | undefined
  #rest = ''

  constructor (id: string, from: string, length: number | undefined) {
    this.#id = id
    this.#from = from
    this.#length = length
  }

  add (text: string): void {
    const events = (this.#rest + text).split('\n\n')
    this.#rest = events.pop()!
    for (const event of events) this.fault ??= this.#check(event)
  }

  #check (event: string): string | undefined {
    if (this.done) return `after its end: ${event.slice(0, 200)}`
    if (event === 'data: [DONE]') {
      this.done = true
      return
    }
    if (!event.startsWith('data: {')) return `no event: ${event.slice(0, 200)}`
    const { id, index, from, received, object } = JSON.parse(event.slice(6))
    // How the load goes comes first.
    if (object === 'chat.completion.chunk' && this.count === 0) return
    if (id !== this.#id || from !== this.#from) return `event of another answer: ${event.slice(0, 200)}`
    if (this.#length !== undefined && received !== this.#length) return `the server got ${received} bytes of ${this.#length}`
    if (index !== this.count) return `event ${index} where ${this.count} was next`
    this.count++
  }
}
