/** Thrown for text that is no path of a parameter. */
export class BadParamPath extends Error {}

/** A letter of a path's segment; `special` if it may mean something but itself. */
export interface Letter {
  readonly letter: string
  readonly special: string | undefined
}

const SPECIAL = new Set([':', '*', '?', '#', '|', '@'])

/** The segments of a path, backslashes taken out. */
export function splitPath (text: string): Letter[][] {
  const segments: Letter[][] = [[]]
  let isEscaped = false
  for (const letter of text) {
    if (!isEscaped && letter === '\\') {
      isEscaped = true
      continue
    }
    if (!isEscaped && letter === '.') segments.push([])
    else segments.at(-1)!.push({ letter, special: !isEscaped && SPECIAL.has(letter) ? letter : undefined })
    isEscaped = false
  }
  if (isEscaped) throw new BadParamPath('the path ends with a backslash; write two for the character itself')
  return segments
}
