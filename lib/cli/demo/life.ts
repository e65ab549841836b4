/** One run of the stand-in: when it began, how long it took to load, what it has answered. */
export class Life {
  readonly model: string
  /** Epoch seconds. */
  readonly startedAt = Math.floor(Date.now() / 1000)
  isLoading = true
  #answers = 0
  #loadSeconds = 0

  constructor (model: string) {
    this.model = model
  }

  load (ms: number): void {
    this.say('loading')
    setTimeout(() => {
      this.isLoading = false
      this.#loadSeconds = process.uptime()
      this.say(`loaded after ${this.#loadSeconds.toFixed(1)} s`)
    }, ms)
  }

  /** Prints one line, as servers do. */
  say (text: string): void {
    console.error(`${this.model}: ${text}`)
  }

  /** What an answer says of how this process came to give it. */
  tell (): string {
    this.#answers++
    if (this.#answers > 1) return `I am process ${process.pid}, up for ${process.uptime().toFixed(0)} s, and this is my answer number ${this.#answers}.`
    return `I was not running when you asked: I was started for you as process ${process.pid}, in place of whichever model ran before, and loaded in ${this.#loadSeconds.toFixed(1)} s.`
  }
}
