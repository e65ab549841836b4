/** What the upstream says about itself, under the key `upstream`, in every JSON answer to work, in every error and in every event of a stream. */
export interface UpstreamMark {
  name: string
  /** `process.hrtime.bigint()` as a string, taken when the answer or event was written. */
  hrtime: string
  /** The event's place in its stream, from 0; where a protocol frames the text with other events (Anthropic's messages, OpenAI's responses), these count too. */
  index?: number
}

/** Made at the moment of writing. */
export function mark (name: string): UpstreamMark {
  return { name, hrtime: process.hrtime.bigint().toString() }
}

/** The same for the header `x-upstream`, which cannot hold every character. */
export function headerOf (name: string): string {
  return name.replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character))
}
