import { BadParamPath, splitPath } from './path-text.ts'
import type { Letter } from './path-text.ts'

/**
 * One step of a path: into an object by a key, into a list by a position; where an object is found what is for lists is a key as well.
 * `end` is the last element of a list to delete, and one more to set; `each` are all of them; a `pattern` is the first key that matches, but for `except`.
 */
export type Segment = { readonly name: string } & (
  | { readonly kind: 'key' | 'end' | 'each' }
  | { readonly kind: 'index', readonly index: number }
  | { readonly kind: 'pattern', readonly glob: Glob, readonly except: string | undefined }
)

/** `any` is any letters, `one` any one letter. */
export type Glob = ReadonlyArray<{ readonly kind: 'any' | 'one' } | { readonly kind: 'letter', readonly letter: string }>

/** Where a parameter is in a JSON body. */
export interface ParamPath {
  /** As it is written. */
  readonly text: string
  readonly segments: readonly Segment[]
  /** It may lead to several places, and is set only where it leads to one. */
  readonly onlyExisting: boolean
}

/** The field that names the model: whoever may use one model must not reach another by it. */
const PROTECTED = 'model'
// Longer lists come of typing errors, or are keys that look like numbers, such as ids of tokens.
const MAX_INDEX = 10_000
const MAX_SEGMENTS = 100

/**
 * Reads a path as sjson does, which is what llama-swap's paths are: a dot nests, a backslash takes the meaning of what follows away,
 * a colon before a segment makes a key of it.
 *
 * @throws BadParamPath for what cannot be done, or only by accident
 */
export function parseParamPath (text: string, use: 'set' | 'strip'): ParamPath {
  if (text === '') throw new BadParamPath('the path is empty; name a field')
  const written = splitPath(text)
  if (written.length > MAX_SEGMENTS) throw new BadParamPath(`the path has more than ${MAX_SEGMENTS} levels; shorten it`)
  const segments = written.map((letters, position) => readSegment(letters, position === 0))
  const onlyExisting = segments.some(({ kind }) => kind === 'pattern' || kind === 'each')
  if (use === 'strip') {
    if (onlyExisting) throw new BadParamPath('fields are stripped by name only; write each of them out, or \\*, \\? and \\# for the characters themselves')
  } else {
    for (const segment of segments) {
      if (segment.kind === 'index' && segment.index > MAX_INDEX) throw new BadParamPath(`"${segment.name}" is more than the largest index, ${MAX_INDEX}; write ":${segment.name}" if it is the key of an object`)
    }
    if (segments.at(-1)!.kind === 'each') throw new BadParamPath('"#" stands for the elements of a list, whose fields can be set: write "#." and the name of one, or \\# for the character itself')
  }
  return Object.freeze({ text, segments: Object.freeze(segments), onlyExisting })
}

/** Whether a path leads to the model's name, however it is spelled. A pattern does not: it passes it by. */
export function isProtected ({ segments: [first] }: ParamPath): boolean {
  return first!.kind === 'key' && first!.name === PROTECTED
}

function readSegment (written: readonly Letter[], isFirst: boolean): Segment {
  const isForced = written[0]?.special === ':'
  const letters = isForced ? written.slice(1) : written
  if (letters.length === 0 && !isForced) throw new BadParamPath('there is nothing before, after or between dots; write ":" if the key is empty, or \\. for a dot in a key')
  const name = letters.map(({ letter }) => letter).join('')
  if (!isForced && letters.length === 1 && letters[0]!.special === '#') return Object.freeze({ kind: 'each', name })
  for (const { special } of letters) {
    if (special === '#' && name.startsWith('#(')) throw new BadParamPath('queries are not supported; "#" alone stands for each element')
    if (special === '|' || special === '@' || special === '#') throw new BadParamPath(`"${special}" has no meaning here; write \\${special} for the character itself`)
  }
  if (letters.some(({ special }) => special === '*' || special === '?')) {
    return Object.freeze({ kind: 'pattern', name, glob: Object.freeze(letters.map(readGlob)), except: isFirst ? PROTECTED : undefined })
  }
  if (!isForced && /^\d+$/.test(name)) return Object.freeze({ kind: 'index', name, index: Number(name) })
  return Object.freeze({ kind: !isForced && name === '-1' ? 'end' : 'key', name })
}

function readGlob ({ letter, special }: Letter): Glob[number] {
  if (special === '*') return Object.freeze({ kind: 'any' })
  return special === '?' ? Object.freeze({ kind: 'one' }) : Object.freeze({ kind: 'letter', letter })
}
