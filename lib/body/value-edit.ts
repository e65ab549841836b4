// How edits change one value. `edits` are those whose paths lead to it, in order, by names and indexes only; `depth` is how many of their segments have led there.
import { ItemRewrite } from './item-rewrite.ts'
import { OPEN_BRACE, OPEN_BRACKET } from './json-bytes.ts'
import type { JsonEdit } from './json-edit.ts'
import { eachItem, skipSpace } from './json-scan.ts'
import { keyFinder } from './key-finder.ts'
import { planList } from './list-plan.ts'
import { Rewrite } from './rewrite.ts'

type Edits = readonly JsonEdit[]

/** Edits the object that opens there. Answers where it has ended. */
export function editObject (rewrite: Rewrite, open: number, edits: Edits, depth: number): number {
  const { source } = rewrite
  const byName = groupByName(edits, depth)
  const find = keyFinder(source, [...byName.keys()])
  // Of a key that is there twice only the last one can stay.
  const last = new Map<string, number>()
  const items = new ItemRewrite(rewrite, open)
  const end = eachItem(source, open, (start, keyEnd, _, itemEnd) => {
    const name = find(start, keyEnd)
    if (name !== undefined) last.set(name, start)
    items.count(itemEnd)
  })
  if (last.size > 0) {
    items.restart()
    eachItem(source, open, (start, keyEnd, value, itemEnd) => {
      const name = find(start, keyEnd)
      if (name === undefined) items.keep(start, itemEnd)
      else if (last.get(name) !== start) items.drop(start, itemEnd)
      else editItem(items, start, value, itemEnd, byName.get(name)!, depth + 1)
    })
  }
  for (const [name, own] of byName) {
    const json = last.has(name) ? undefined : create(own, depth + 1)
    if (json !== undefined) items.add(`${JSON.stringify(name)}:${json}`)
  }
  items.end()
  return end
}

function editList (rewrite: Rewrite, open: number, edits: Edits, depth: number): void {
  const items = new ItemRewrite(rewrite, open)
  let length = 0
  eachItem(rewrite.source, open, (_start, _keyEnd, _value, end) => {
    items.count(end)
    length++
  })
  const { changes, added } = planList(length, edits, depth)
  if (changes.size > 0) {
    items.restart()
    let index = 0
    eachItem(rewrite.source, open, (start, _, value, end) => {
      const own = changes.get(index++)
      if (own === undefined) items.keep(start, end)
      else editItem(items, start, value, end, own, depth + 1)
    })
  }
  for (const own of added) items.add(create(own, depth + 1) ?? 'null')
  items.end()
}

function editItem (items: ItemRewrite, start: number, value: number, end: number, edits: Edits, depth: number): void {
  if (!edits.some((edit) => isWhole(edit, depth))) {
    items.keep(start, end)
    editValue(items.rewrite, value, end, edits, depth)
    return
  }
  const json = create(edits, depth)
  if (json === undefined) items.drop(start, end)
  else {
    items.keep(start, end)
    items.rewrite.replace(value, end, json)
  }
}

/** Edits what is in a value. What leads into a text or a number makes an object or a list of it. */
function editValue (rewrite: Rewrite, start: number, end: number, edits: Edits, depth: number): void {
  if (rewrite.source[start] === OPEN_BRACE) editObject(rewrite, start, edits, depth)
  else if (rewrite.source[start] === OPEN_BRACKET) editList(rewrite, start, edits, depth)
  else {
    const json = create(edits, depth)
    if (json !== undefined) rewrite.replace(start, end, json)
  }
}

/** The value that edits make where there was none, or none that counts; undefined if there is none in the end either. */
function create (edits: Edits, depth: number): string | undefined {
  const from = Math.max(0, edits.findLastIndex((edit) => isWhole(edit, depth)))
  const first = edits.findIndex(({ kind }, index) => index >= from && kind === 'set')
  if (first === -1) return undefined
  const json = build(edits[first] as JsonEdit & { kind: 'set' }, depth)
  const rest = edits.slice(first + 1)
  if (rest.length === 0) return json
  const rewrite = new Rewrite(Buffer.from(json))
  editValue(rewrite, skipSpace(rewrite.source, 0), rewrite.source.length, rest, depth)
  return rewrite.result().toString()
}

/** A value with the objects and lists around it that lead to it. */
function build ({ path: { segments }, json }: JsonEdit & { kind: 'set' }, depth: number): string {
  return segments.slice(depth).reduceRight((inner, segment) => {
    if (segment.kind === 'end') return `[${inner}]`
    if (segment.kind === 'index') return `[${'null,'.repeat(segment.index)}${inner}]`
    return `{${JSON.stringify(segment.name)}:${inner}}`
  }, json)
}

/** Whether an edit is of the value itself, not of something in it. */
function isWhole ({ path }: JsonEdit, depth: number): boolean {
  return path.segments.length === depth
}

function groupByName (edits: Edits, depth: number): Map<string, JsonEdit[]> {
  const groups = new Map<string, JsonEdit[]>()
  for (const edit of edits) {
    const { name } = edit.path.segments[depth]!
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [edit])
    else group.push(edit)
  }
  return groups
}
