import { idleKeys } from './idle-keys.ts'
import { nearest } from './nearest.ts'
import type { Problem } from './problem.ts'
import type { Schema } from './schema/schema.ts'
import { isNull } from './tree.ts'
import type { TreeNode } from './tree.ts'

export interface KeyReport {
  readonly unknown: readonly Problem[]
  /** Known, but without effect yet. */
  readonly idle: readonly Problem[]
}

/** Tells the keys that nobody knows, which are errors if `strict`, and those that are known and do nothing yet. */
export function checkKeys (tree: TreeNode, schema: Schema, strict: boolean): KeyReport {
  const unknown: Problem[] = []
  const idle: Problem[] = []

  function check (node: TreeNode, schema: Schema, path: Problem['path'], pattern: readonly string[]): void {
    if (node.kind === 'list' && schema.items !== undefined) node.items.forEach((item, index) => check(item, schema.items!, [...path, index], [...pattern, '*']))
    if (node.kind !== 'map') return
    const { properties, additionalProperties } = schema
    for (const [key, { node: value }] of node.entries) {
      const isKnown = properties !== undefined && Object.hasOwn(properties, key)
      const inner = isKnown ? properties[key] : additionalProperties
      const place = [...path, key]
      const kind = [...pattern, isKnown ? key : '*']
      if (inner === undefined) {
        if (properties !== undefined && !isOwn(place)) unknown.push({ path: place, message: `unknown key${strict ? '' : ', ignored'}${hint(key, place, Object.keys(properties))}` })
      } else {
        if (idleKeys.includes(kind.join('.')) && !isNull(value)) idle.push({ path: place, message: 'has no effect yet' })
        check(value, inner, place, kind)
      }
    }
  }

  check(tree, schema, [], [])
  return { unknown, idle }
}

// `x-` keys are for the operator: somewhere to keep what anchors repeat.
function isOwn (path: Problem['path']): boolean {
  return path.length === 1 && String(path[0]).startsWith('x-')
}

function hint (key: string, path: Problem['path'], known: readonly string[]): string {
  const likely = nearest(key, known)
  if (likely !== undefined) return `; did you mean ${likely}?`
  return path.length === 1 ? '; if it only holds what anchors repeat, call it x-...' : ''
}
