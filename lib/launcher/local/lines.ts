import { StringDecoder } from 'node:string_decoder'

// A longer line is cut into pieces of this size, so that output without line ends cannot grow without bound.
const MAX_LINE = 16 * 1024

/** Cuts a byte stream into lines, never within a character. */
export function lineSplitter (onLine: (line: string) => void): { write (chunk: Buffer): void, end (): void } {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const take = (text: string): void => {
    rest += text
    let start = 0
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', start)) {
      onLine(rest.slice(start, rest[end - 1] === '\r' ? end - 1 : end))
      start = end + 1
    }
    for (; rest.length - start > MAX_LINE; start += MAX_LINE) onLine(rest.slice(start, start + MAX_LINE))
    rest = rest.slice(start)
  }
  return {
    write: (chunk) => take(decoder.write(chunk)),
    end () {
      take(decoder.end())
      if (rest !== '') onLine(rest)
      rest = ''
    }
  }
}
