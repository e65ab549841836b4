import { Composer, Parser, isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, CST, Document, Node, Pair, Scalar, YAMLMap } from 'yaml'
import type { Problem } from '../problem.ts'
import { mapNode } from '../tree.ts'
import type { Entry, MapNode, Place, TreeNode } from '../tree.ts'
import { WrongTag, readScalar } from './scalar.ts'

export interface Parsed {
  readonly tree: MapNode
  readonly problems: readonly Problem[]
}

type PlaceOf = (offset: number) => Place

// Bounds for what is written on purpose to be large.
const MAX_DEPTH = 100
const MAX_ALIASED = 250_000
const TOO_DEEP = `it is nested too deeply; at most ${MAX_DEPTH} levels are read`

// What yaml.v3 takes as it was meant, and so does the library after it has complained.
const tolerated = [/^Comments must be separated from other tokens/, /^Block scalars with more-indented leading empty lines/]

// What to do about the commonest errors of the YAML library.
const hints: ReadonlyArray<readonly [RegExp, string]> = [
  [/^Tabs are not allowed/, 'indent with spaces'],
  [/^Implicit keys need to be on a single line/, 'a key stands on one line and is followed by ": "'],
  [/^All .*items must start at the same column/, 'give the items of one list or map the same indentation'],
  [/^Flow .* must be sufficiently indented/, 'and indent its lines more than its key'],
  [/^Nested mappings are not allowed/, 'quote a value that holds ": ", and indent what lies within a key'],
  [/^Plain value cannot start with/, 'quote it'],
  [/^Unexpected block-seq-ind/, 'begin the list on the next line, or quote a value that begins with "- "']
]

/** YAML to a tree that knows where everything stands. Scalars are read as llama-swap reads them (`scalar.ts`), aliases and merge keys are replaced by what they stand for. */
export function parseYaml (text: string, place: PlaceOf): Parsed {
  const empty = mapNode([], place(0))
  const tokens = [...new Parser().parse(text)]
  const deep = firstBelow(MAX_DEPTH, tokens)
  if (deep !== undefined) return { tree: empty, problems: [{ path: [], at: place(deep), message: TOO_DEEP }] }
  // Failsafe: every scalar stays text.
  const composer = new Composer({ schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  const [document, ...more] = [...composer.compose(tokens, true, text.length)] as Document[]
  const errors = (document?.errors ?? []).filter(({ message }) => !tolerated.some((pattern) => pattern.test(message)))
  const problems: Problem[] = errors.map(({ pos, message }) => ({ path: [], at: place(pos[0]), message: withHint(message) }))
  const second = more.find(({ contents }) => !isBlank(contents))
  if (second !== undefined) problems.push({ path: [], at: place(second.contents!.range?.[0] ?? 0), message: 'a second document starts here, and a config is one; remove the "---" or "..." before it' })
  if (document === undefined || problems.length > 0) return { tree: empty, problems }
  const tree = toTree(document, place, problems)
  if (tree.kind === 'map') return { tree, problems }
  if (tree.kind === 'list' || tree.type !== 'null') problems.push({ path: [], at: tree.at, message: `the top level must be a map of keys such as "models:", not ${tree.kind === 'list' ? 'a list' : `"${tree.text}"`}` })
  return { tree: empty, problems }
}

/** Where the first token stands that is nested deeper. Composing goes down by recursion, and V8 may end the process when it is out of stack. */
function firstBelow (limit: number, tokens: readonly CST.Token[]): number | undefined {
  const open: Array<{ token: CST.Token, depth: number }> = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > limit) return token.offset
    if (token.type === 'document' && token.value !== undefined) open.push({ token: token.value, depth })
    if (!('items' in token)) continue
    for (const { key, value } of token.items) {
      for (const child of [key, value]) if (child != null) open.push({ token: child, depth: depth + 1 })
    }
  }
  return undefined
}

function withHint (message: string): string {
  const hint = hints.find(([pattern]) => pattern.test(message))?.[1]
  return hint === undefined ? message : `${message}; ${hint}`
}

function isBlank (node: Node | null): boolean {
  return node === null || (isScalar(node) && node.type === 'PLAIN' && node.value === '')
}

/** Replaces anchors, aliases and merge keys as it goes, in the order of the text: an alias means the last anchor of its name before it. */
function toTree (document: Document, place: PlaceOf, problems: Problem[]): TreeNode {
  // `undefined` while the anchored node itself is being read.
  const anchors = new Map<string, TreeNode | undefined>()
  const sizes = new WeakMap<TreeNode, number>()
  let aliased = 0

  const nothing = (at: Place): TreeNode => readScalar('', { at })
  const sizeOf = (node: TreeNode): number => sizes.get(node) ?? 1
  const report = (at: Place, message: string): TreeNode => {
    problems.push({ path: [], at, message })
    return nothing(at)
  }

  function convert (node: Node | null, depth: number, around: Place): TreeNode {
    if (node === null) return nothing(around)
    const at = node.range == null ? around : place(node.range[0])
    if (depth > MAX_DEPTH) return report(at, TOO_DEEP)
    if (isAlias(node)) return follow(node, at)
    const { anchor } = node as Scalar
    if (anchor !== undefined) anchors.set(anchor, undefined)
    const tree = isMap(node) ? convertMap(node as YAMLMap<Node, Node | null>, depth, at) : isSeq(node) ? convertList(node.items as Array<Node | null>, depth, at) : convertScalar(node as Scalar, at)
    if (anchor !== undefined) anchors.set(anchor, tree)
    return tree
  }

  function follow ({ source }: Alias, at: Place): TreeNode {
    const tree = anchors.get(source)
    if (tree === undefined) {
      return report(at, anchors.has(source) ? `*${source} stands within &${source} itself; an alias must follow what it repeats` : `unknown alias *${source}: no &${source} stands before it in this file`)
    }
    const before = aliased
    aliased += sizeOf(tree)
    if (aliased <= MAX_ALIASED) return tree
    return before > MAX_ALIASED ? nothing(at) : report(at, `the aliases up to here stand for more than ${MAX_ALIASED} values; repeat less`)
  }

  function convertScalar ({ value, type, tag }: Scalar, at: Place): TreeNode {
    try {
      return readScalar(String(value ?? ''), { quoted: type !== 'PLAIN' && type !== undefined, tag, at })
    } catch (error) {
      if (!(error instanceof WrongTag)) throw error
      return report(at, `${error.message}, as its tag says; correct the value or remove the tag`)
    }
  }

  function convertList (nodes: Array<Node | null>, depth: number, at: Place): TreeNode {
    const items = nodes.map((node) => convert(node, depth + 1, at))
    const tree: TreeNode = { kind: 'list', items, at }
    sizes.set(tree, items.reduce((sum, item) => sum + sizeOf(item), 1))
    return tree
  }

  function convertMap ({ items }: YAMLMap<Node, Node | null>, depth: number, at: Place): TreeNode {
    const entries = new Map<string, Entry>()
    const written = new Set<string>()
    for (const { key, value } of items as Array<Pair<Node | null, Node | null>>) {
      const keyNode = convert(key, depth + 1, at)
      const keyAt = key?.range == null ? at : place(key.range[0])
      const node = convert(value, depth + 1, keyAt)
      if (keyNode.kind !== 'scalar') report(keyAt, `a key must be text, not a ${keyNode.kind}; quote it`)
      else if (keyNode.text === '<<') {
        if (written.has('<<')) report(keyAt, 'a second "<<" in one map; give the first a list of both: <<: [*a, *b]')
        written.add('<<')
        // What is merged first wins over what is merged later, and what is written out over both.
        for (const [name, entry] of mergeSources(node, keyAt)) if (!entries.has(name)) entries.set(name, entry)
      } else {
        const name = keyNode.type === 'null' ? '' : keyNode.text
        if (written.has(name)) report(keyAt, `the key "${name}" is there twice, first in line ${entries.get(name)!.at?.line}; remove one`)
        else entries.set(name, { node, at: keyAt })
        written.add(name)
      }
    }
    const tree = mapNode(entries, at)
    sizes.set(tree, [...entries.values()].reduce((sum, { node }) => sum + sizeOf(node), 1))
    return tree
  }

  function mergeSources (node: TreeNode, at: Place): Array<readonly [string, Entry]> {
    const sources = node.kind === 'list' ? node.items : [node]
    const maps = sources.filter((source) => source.kind === 'map')
    if (maps.length !== sources.length) report(at, '"<<" needs a map or a list of maps, such as <<: *defaults')
    return maps.flatMap(({ entries }) => [...entries])
  }

  return convert(document.contents as Node | null, 0, place(0))
}
