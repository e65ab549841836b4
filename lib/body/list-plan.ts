import { EditFailed } from './edit-failed.ts'
import type { JsonEdit } from './json-edit.ts'

/** What edits do to a list. */
export interface ListPlan {
  /** The edits that lead to each element, by where it was at first. */
  readonly changes: ReadonlyMap<number, readonly JsonEdit[]>
  /** The elements that come after it, each as the edits that make it; null if there are none. */
  readonly added: ReadonlyArray<readonly JsonEdit[]>
}

/** Plays edits through on a list of that length: an index counts in what the edits before it have left. */
export function planList (length: number, edits: readonly JsonEdit[], depth: number): ListPlan {
  const changes = new Map<number, JsonEdit[]>()
  const added: JsonEdit[][] = []
  /** Where the elements were that are deleted, in order. */
  const deleted: number[] = []
  const kept = (): number => length - deleted.length

  const slotAt = (index: number): JsonEdit[] => {
    if (index >= kept()) return added[index - kept()]!
    const original = beforeDeletions(index, deleted)
    const slot = changes.get(original) ?? []
    changes.set(original, slot)
    return slot
  }
  const deleteAt = (index: number): void => {
    if (index >= kept()) added.splice(index - kept(), 1)
    else {
      deleted.push(beforeDeletions(index, deleted))
      deleted.sort((a, b) => a - b)
    }
  }

  for (const edit of edits) {
    const { segments } = edit.path
    const segment = segments[depth]!
    const size = kept() + added.length
    if (edit.kind === 'set') {
      if (segment.kind === 'key') {
        const list = segments.slice(0, depth).map(({ name }) => name).join('.')
        throw new EditFailed(edit, `"${list}" is a list there, and "${segment.name}" is no index`)
      }
      const index = segment.kind === 'index' ? segment.index : size
      for (let padded = size; padded <= index; padded++) added.push([])
      slotAt(index).push(edit)
    } else {
      const index = segment.kind === 'index' ? segment.index : segment.kind === 'end' ? size - 1 : -1
      if (index < 0 || index >= size) continue
      slotAt(index).push(edit)
      if (segments.length === depth + 1) deleteAt(index)
    }
  }
  return { changes, added }
}

/** Where the element was before others were deleted. */
function beforeDeletions (index: number, deleted: readonly number[]): number {
  return deleted.reduce((position, gone) => gone <= position ? position + 1 : position, index)
}
