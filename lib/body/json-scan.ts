// Where the values of a JSON text begin and end. What is looked into is checked; what is passed by only for its nesting, since
// whatever else is wrong with it is for the server to say.
import { errors } from '../errors.ts'
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, CR, LF, OPEN_BRACE, OPEN_BRACKET, QUOTE, SPACE, TAB, isEscaped } from './json-bytes.ts'

/** Sees one value of an object or a list. A key begins at `start` and ends at `keyEnd`; without one both are where the value begins. */
export type ItemVisitor = (start: number, keyEnd: number, value: number, end: number) => void

// How many levels fit into a number.
const LEVELS = 31

/** Where the next thing that is no white space begins. */
export function skipSpace (bytes: Buffer, at: number): number {
  while (at < bytes.length && isSpace(bytes[at]!)) at++
  return at
}

/** Calls back for each value of the object or list that opens there. Answers where it has ended. */
export function eachItem (bytes: Buffer, open: number, visit: ItemVisitor): number {
  const isObject = bytes[open] === OPEN_BRACE
  const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET
  let at = skipSpace(bytes, open + 1)
  if (bytes[at] === close) return at + 1
  for (;;) {
    const start = at
    let keyEnd = at
    if (isObject) {
      if (bytes[at] !== QUOTE) throw new errors.BodyNotJson()
      keyEnd = endOfString(bytes, at)
      at = skipSpace(bytes, keyEnd)
      if (bytes[at] !== COLON) throw new errors.BodyNotJson()
      at = skipSpace(bytes, at + 1)
    }
    const end = endOfValue(bytes, at)
    visit(start, keyEnd, at, end)
    at = skipSpace(bytes, end)
    if (bytes[at] === close) return at + 1
    if (bytes[at] !== COMMA) throw new errors.BodyNotJson()
    at = skipSpace(bytes, at + 1)
  }
}

/** What a key says, its escapes read. */
export function readKey (bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1)
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    throw new errors.BodyNotJson()
  }
}

function endOfValue (bytes: Buffer, start: number): number {
  switch (bytes[start]) {
    case QUOTE: return endOfString(bytes, start)
    case OPEN_BRACE: case OPEN_BRACKET: return endOfNest(bytes, start)
    default: return endOfWord(bytes, start)
  }
}

function endOfString (bytes: Buffer, start: number): number {
  let close = start
  do {
    close = bytes.indexOf(QUOTE, close + 1)
    if (close === -1) throw new errors.BodyNotJson()
  } while (bytes[close - 1] === BACKSLASH && isEscaped(bytes, close, start))
  return close + 1
}

// A number, true, false, null, or what somebody takes for one of them.
function endOfWord (bytes: Buffer, start: number): number {
  let at = start
  for (; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break
    if (byte === QUOTE || byte === COLON || byte === OPEN_BRACE || byte === OPEN_BRACKET) throw new errors.BodyNotJson()
  }
  if (at === start) throw new errors.BodyNotJson()
  return at
}

/** Passes an object or a list with all that is in it, however deep: a bit for each level says what closes it. */
function endOfNest (bytes: Buffer, open: number): number {
  const full: number[] = []
  let levels = 0
  let depth = 0
  for (let at = open; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = endOfString(bytes, at) - 1
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === LEVELS) {
        full.push(levels)
        levels = 0
        depth = 0
      }
      levels = (levels << 1) | (byte === OPEN_BRACE ? 1 : 0)
      depth++
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if ((levels & 1) !== (byte === CLOSE_BRACE ? 1 : 0)) throw new errors.BodyNotJson()
      levels >>>= 1
      depth--
      if (depth > 0) continue
      const below = full.pop()
      if (below === undefined) return at + 1
      levels = below
      depth = LEVELS
    }
  }
  throw new errors.BodyNotJson()
}

function isSpace (byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB
}
