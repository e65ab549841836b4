/**
 * Where a word of small letters ends that begins at `start`, or -1 if it is not there. Each letter may be escaped: `%6d` in a form, `\u006d` in JSON.
 * Hostile bodies hold millions of names, so nothing is decoded here and nothing thrown.
 */
export function matchWord (bytes: Buffer, start: number, word: string, escape: '%' | '\\u00'): number {
  let position = start
  for (let i = 0; i < word.length; i++) {
    const letter = word.charCodeAt(i)
    if (bytes[position] === letter) position++
    else if (bytes[position] === escape.charCodeAt(0) && isEscaped(bytes, position, letter, escape)) position += escape.length + 2
    else return -1
  }
  return position
}

function isEscaped (bytes: Buffer, position: number, letter: number, escape: string): boolean {
  const text = bytes.toString('latin1', position, position + escape.length + 2)
  return text.startsWith(escape) && parseInt(text.slice(escape.length), 16) === letter
}
