import type { Place } from '../tree.ts'

/** A part of a text that another one was put in the place of. */
export interface Edit {
  /** Where it was in the source. */
  readonly start: number
  readonly end: number
  /** How long what stands there now is. */
  readonly length: number
}

/** Tells lines and columns of an edited text as they are in its source, which is what the operator sees. */
export function placesIn (file: string, source: string, edits: readonly Edit[] = []): (offset: number) => Place {
  const lines = [0]
  for (let end = source.indexOf('\n'); end !== -1; end = source.indexOf('\n', end + 1)) lines.push(end + 1)
  return (offset) => {
    const original = Math.min(toSource(edits, offset), source.length)
    const line = lastAtMost(lines, original)
    return { file, line: line + 1, column: original - lines[line]! + 1 }
  }
}

function toSource (edits: readonly Edit[], offset: number): number {
  let shift = 0
  for (const { start, end, length } of edits) {
    const now = start + shift
    if (offset < now) break
    if (offset < now + length) return start
    shift += length - (end - start)
  }
  return offset - shift
}

/** The index of the last number that is not above the limit. */
function lastAtMost (sorted: readonly number[], limit: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (sorted[middle]! <= limit) low = middle
    else high = middle - 1
  }
  return low
}
