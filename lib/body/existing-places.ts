import type { ParamPath, Segment } from '../config/naming/param-path.ts'
import { errors } from '../errors.ts'
import { EditFailed } from './edit-failed.ts'
import { matchesGlob } from './glob.ts'
import { OPEN_BRACE, OPEN_BRACKET } from './json-bytes.ts'
import type { JsonEdit } from './json-edit.ts'
import { eachItem, readKey, skipSpace } from './json-scan.ts'
import { keyFinder } from './key-finder.ts'

// Whoever sends the body must not choose how much is made of it.
const MAX_PLACES = 100_000

/** The places in a JSON object that a path with wildcards, or with `#`, leads to: paths of names and indexes. */
export function existingPlaces (bytes: Buffer, edit: JsonEdit): ParamPath[] {
  const { text, segments } = edit.path
  const places: ParamPath[] = []
  const route: Segment[] = []

  const enter = (segment: Segment, value: number): void => {
    route.push(segment)
    visit(value)
    route.pop()
  }
  const visit = (value: number): void => {
    const segment = segments[route.length]
    if (segment === undefined) {
      if (places.length === MAX_PLACES) throw new EditFailed(edit, `it leads to more than ${MAX_PLACES} places`)
      places.push({ text, segments: [...route], onlyExisting: false })
    } else if (bytes[value] === OPEN_BRACE) visitObject(value, segment)
    else if (bytes[value] === OPEN_BRACKET) visitList(value, segment)
  }
  // Of the keys that match it is the first in which the rest of the path leads somewhere; if that key is there twice, it is its last.
  const visitObject = (open: number, segment: Segment): void => {
    const before = places.length
    let found = segment.kind === 'pattern' ? undefined : segment.name
    const find = found === undefined ? (start: number, end: number) => readKey(bytes, start, end) : keyFinder(bytes, [found])
    eachItem(bytes, open, (start, keyEnd, value) => {
      const name = find(start, keyEnd)
      if (name === undefined || (found !== undefined && name !== found) || !matches(segment, name)) return
      places.length = before
      enter({ kind: 'key', name }, value)
      if (places.length > before) found = name
    })
  }
  const visitList = (open: number, segment: Segment): void => {
    let index = 0
    eachItem(bytes, open, (_start, _keyEnd, value) => {
      if (segment.kind === 'each' || (segment.kind === 'index' && segment.index === index)) enter({ kind: 'index', name: String(index), index }, value)
      index++
    })
  }

  const open = skipSpace(bytes, 0)
  if (bytes[open] !== OPEN_BRACE) throw new errors.BodyNotJson()
  visit(open)
  return places
}

function matches (segment: Segment, name: string): boolean {
  return segment.kind !== 'pattern' || (name !== segment.except && matchesGlob(name, segment.glob))
}
