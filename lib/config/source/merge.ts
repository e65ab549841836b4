import type { Problem } from '../problem.ts'
import { mapNode } from '../tree.ts'
import type { Entry, MapNode, TreeNode } from '../tree.ts'

// Maps whose keys are names of the operator's own: each is defined in one file, whole.
const identities = new Map([
  ['models', 'model'],
  ['groups', 'group'],
  ['profiles', 'profile'],
  ['selectors', 'selector'],
  ['peers', 'peer'],
  ['matrix', 'matrix key'],
  ['routing.router.settings.groups', 'group'],
  ['routing.router.settings.matrix', 'matrix key']
])

/** Joins the trees of several files: maps key by key, lists one after the other. What two files say differently is a problem. */
export function mergeTrees (trees: readonly MapNode[]): { tree: MapNode, problems: readonly Problem[] } {
  const problems: Problem[] = []
  const [first = mapNode([]), ...others] = trees
  const tree = others.reduce((into, from) => mergeMaps(into, from, [], problems), first)
  return { tree, problems }
}

function mergeMaps (into: MapNode, from: MapNode, path: readonly string[], problems: Problem[]): MapNode {
  const identity = identities.get(path.join('.'))
  const entries = new Map(into.entries)
  for (const [key, entry] of from.entries) {
    const present = entries.get(key)
    if (present === undefined) entries.set(key, entry)
    else if (identity !== undefined) {
      problems.push({ path: [...path, key], at: entry.at, message: `duplicate ${identity} "${key}": ${elsewhere(present)} has it too; rename or remove one` })
    } else entries.set(key, mergeEntries(present, entry, [...path, key], problems))
  }
  return { ...into, entries }
}

function mergeEntries (into: Entry, from: Entry, path: readonly string[], problems: Problem[]): Entry {
  if (isEmpty(from.node)) return into
  if (isEmpty(into.node)) return from
  const conflict = (message: string): Entry => {
    problems.push({ path, at: from.at, message })
    return into
  }
  const { node } = into
  if (identities.has(path.join('.')) && (node.kind !== 'map' || from.node.kind !== 'map')) {
    return conflict(`both here and in ${elsewhere(into)} it must be a map, so that they can be merged`)
  }
  if (node.kind !== from.node.kind) return conflict(`is a ${from.node.kind} here and a ${node.kind} in ${elsewhere(into)}; write it in the same form`)
  if (node.kind === 'map') return { ...into, node: mergeMaps(node, from.node as MapNode, path, problems) }
  if (node.kind === 'list' && from.node.kind === 'list') return { ...into, node: { ...node, items: [...node.items, ...from.node.items] } }
  return isSame(node, from.node) ? into : conflict(`conflicts with ${elsewhere(into)}, which sets another value; set it in one file only`)
}

// A key with nothing after it. `~` and `null` are values, which are set on purpose.
function isEmpty (node: TreeNode): boolean {
  return node.kind === 'scalar' && node.type === 'null' && node.text === ''
}

function isSame (a: TreeNode, b: TreeNode): boolean {
  return a.kind === 'scalar' && b.kind === 'scalar' && a.type === b.type && a.text === b.text
}

function elsewhere ({ at }: Entry): string {
  return at === undefined ? 'an earlier file' : `${at.file}:${at.line}`
}
