// What was written, between YAML and plain data: every value still knows where it stands and how it was spelt.

/** Where something stands in a file, counted from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export type ScalarType = 'null' | 'boolean' | 'integer' | 'float' | 'timestamp' | 'string'

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly type: ScalarType
  readonly value: string | number | boolean | null
  /** As written, without quotes. */
  readonly text: string
  /** Whether it says that it is a string: by quotes, as a block, or with `!!str`. */
  readonly quoted: boolean
  readonly at: Place | undefined
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly TreeNode[]
  readonly at: Place | undefined
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Entry>
  readonly at: Place | undefined
}

export interface Entry {
  readonly node: TreeNode
  /** Where the key stands. */
  readonly at: Place | undefined
}

export type TreeNode = ScalarNode | ListNode | MapNode

export function mapNode (entries: Iterable<readonly [string, Entry]>, at?: Place): MapNode {
  return { kind: 'map', entries: new Map(entries), at }
}

export function textNode (text: string, at?: Place): ScalarNode {
  return { kind: 'scalar', type: 'string', value: text, text, quoted: true, at }
}

export function isNull (node: TreeNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.type === 'null')
}

/** The node that the keys lead to. */
export function nodeAt (node: TreeNode | undefined, path: readonly (string | number)[]): TreeNode | undefined {
  return path.reduce<TreeNode | undefined>((parent, key) => childOf(parent, key)?.node, node)
}

/** The same map with the node changed that the keys lead to, through maps. */
export function withNode (map: MapNode, path: readonly string[], change: (node: TreeNode) => TreeNode): MapNode {
  const [key, ...rest] = path
  const entry = map.entries.get(key!)
  if (entry === undefined) return map
  const node = rest.length === 0 ? change(entry.node) : entry.node.kind === 'map' ? withNode(entry.node, rest, change) : entry.node
  return mapNode([...map.entries, [key!, { ...entry, node }]], map.at)
}

/** Where the keys lead to: the last key's own place if it is there, else that of the nearest parent. */
export function placeAt (root: TreeNode, path: readonly (string | number)[]): Place | undefined {
  let place = root.at
  let node: TreeNode | undefined = root
  for (const key of path) {
    const child = childOf(node, key)
    if (child === undefined) break
    place = child.at ?? place
    node = child.node
  }
  return place
}

function childOf (node: TreeNode | undefined, key: string | number): Entry | undefined {
  if (node?.kind === 'map') return node.entries.get(String(key))
  const item = node?.kind === 'list' ? node.items[Number(key)] : undefined
  return item && { node: item, at: item.at }
}

/** Plain data, free to be changed. */
export function toPlain (node: TreeNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(toPlain)
  // Not an object literal: a key may be `__proto__`.
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.node)]))
}
