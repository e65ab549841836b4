import { StringDecoder } from 'node:string_decoder'

// A longer line is cut into pieces of this size, so that output without line ends cannot grow without bound.
const MAX_LINE = 16 * 1024

/** Cuts a byte stream into lines, never within a character. The chunks it comes in make no difference. */
export function lineSplitter (onLine: (line: string) => void): { write (chunk: Buffer): void, end (): void } {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  // Passes on the pieces of a line until at most `left` characters are over.
  const cut = (line: string, left: number): string => {
    let start = 0
    while (line.length - start > left) {
      const end = start + MAX_LINE - (isHighSurrogate(line.charCodeAt(start + MAX_LINE - 1)) ? 1 : 0)
      onLine(line.slice(start, end))
      start = end
    }
    return line.slice(start)
  }
  const take = (text: string): void => {
    const lines = (rest + text).split('\n')
    const last = lines.pop()!
    for (const line of lines) onLine(cut(line.endsWith('\r') ? line.slice(0, -1) : line, MAX_LINE))
    // One more may be the first half of a CRLF.
    rest = cut(last, MAX_LINE + 1)
  }
  return {
    write: (chunk) => take(decoder.write(chunk)),
    end () {
      take(decoder.end())
      if (rest !== '') onLine(cut(rest, MAX_LINE))
      rest = ''
    }
  }
}

// The first half of a character beyond 16 bits.
function isHighSurrogate (code: number): boolean {
  return (code & 0xfc00) === 0xd800
}
