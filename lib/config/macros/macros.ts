import { stripComments } from '../command.ts'
import type { Problem } from '../problem.ts'
import { DEFAULT_PROXY, DEFAULT_START_PORT } from '../schema/defaults.ts'
import { configSchema } from '../schema/config.ts'
import { isNull, mapNode, nodeAt, textNode, withNode } from '../tree.ts'
import type { Entry, MapNode, ScalarNode, TreeNode } from '../tree.ts'
import { createExpander } from './expand.ts'
import type { Expander } from './expand.ts'
import { declaredMacros, modelMacros } from './list.ts'
import type { Macro } from './list.ts'
import { unresolvedMacros } from './unresolved.ts'

export interface Expanded {
  readonly tree: MapNode
  /** The preferred port of each model that asks for one. */
  readonly ports: ReadonlyMap<string, number>
  readonly problems: readonly Problem[]
}

/** Keys in which `${PORT}` stays as it is: it is bound when the server is started. */
const LATE = new Set(['cmd', 'cmdStop', 'proxy', 'env'])

/** Where the keys are names that a model answers to. */
const NAMES = ['filters', 'setParamsByID']

/**
 * Replaces macros everywhere: global ones in all keys of the top level, global and own ones in a model, `${MODEL_ID}` there too.
 * `${PORT}` is for models whose `cmd` uses it: it gives them a preferred number, in the order of their ids.
 */
export function expandMacros (root: MapNode): Expanded {
  const problems: Problem[] = []
  const globals = declaredMacros(nodeAt(root, ['macros']), ['macros'], problems)
  const models = nodeAt(root, ['models'])
  const inputs = models?.kind === 'map' ? [...models.entries].flatMap(([id, { node }]) => node.kind === 'map' ? [{ id, node, macros: macrosOf(id, node, globals, problems) }] : []) : []
  const ports = new Map<string, number>()
  // One that was declared wrongly would be called unknown wherever it is used.
  if (problems.length > 0) return { tree: root, ports, problems }

  const expand = createExpander(problems)
  const entries = new Map(root.entries)
  entries.delete('macros')
  for (const [key, entry] of entries) {
    if (key === 'models') continue
    const node = expand(entry.node, globals, [key])
    entries.set(key, { ...entry, node })
    if (Object.hasOwn(configSchema.properties, key)) problems.push(...unresolvedMacros(node, [key], globals))
  }
  let port = startPort(entries.get('startPort')?.node)
  const expanded = models?.kind === 'map' ? new Map(models.entries) : new Map<string, Entry>()
  for (const { id, node, macros } of inputs.sort((a, b) => a.id < b.id ? -1 : 1)) {
    const model = expandModel(id, node, macros, expand, port, problems)
    if (model.usesPort) ports.set(id, port++)
    expanded.set(id, { ...expanded.get(id)!, node: model.node })
  }
  return { tree: withNode(mapNode(entries, root.at), ['models'], (node) => node.kind === 'map' ? { ...node, entries: expanded } : node), ports, problems }
}

function macrosOf (id: string, node: MapNode, globals: readonly Macro[], problems: Problem[]): readonly Macro[] {
  return modelMacros(id, globals, declaredMacros(nodeAt(node, ['macros']), ['models', id, 'macros'], problems))
}

function expandModel (id: string, node: MapNode, macros: readonly Macro[], expand: Expander, port: number, problems: Problem[]): { node: MapNode, usesPort: boolean } {
  const path = ['models', id]
  const values = mapNode([...withDefaults(node)].filter(([key]) => key !== 'macros'), node.at)
  const model = expandKeys(expand(values, macros, path) as MapNode, macros, expand, path, problems)
  const cmd = nodeAt(model, ['cmd'])
  const usesPort = cmd?.kind === 'scalar' && cmd.text.includes('${PORT}')
  const bound = usesPort ? bindPort(model, port, expand, path, problems) : model
  // Without a command, or with an unknown macro in it, nobody can tell whether it uses the port.
  const isClear = cmd?.kind === 'scalar' && cmd.text !== '' && unresolvedMacros(cmd, [...path, 'cmd'], macros, true).length === 0
  for (const [key, entry] of bound.entries) problems.push(...unresolvedMacros(entry.node, [...path, key], macros, !isClear || (usesPort && LATE.has(key))))
  for (const key of namesOf(bound).keys()) problems.push(...unresolvedMacros(textNode(key), [...path, ...NAMES, key], macros))
  return { node: bound, usesPort }
}

/** What is there before macros are looked at: commands without comments, and where the server listens. */
function withDefaults ({ entries }: MapNode): ReadonlyMap<string, Entry> {
  const values = new Map(entries)
  for (const key of ['cmd', 'cmdStop']) {
    const entry = entries.get(key)
    if (entry?.node.kind === 'scalar' && entry.node.type === 'string') values.set(key, { ...entry, node: withText(entry.node, stripComments(entry.node.text)) })
  }
  if (isNull(entries.get('proxy')?.node)) values.set('proxy', { node: textNode(DEFAULT_PROXY), at: entries.get('proxy')?.at })
  return values
}

function withText (node: ScalarNode, text: string): ScalarNode {
  return { ...node, text, value: text }
}

// Keys are left as they are, except those that are names of the model.
function expandKeys (model: MapNode, macros: readonly Macro[], expand: Expander, path: readonly string[], problems: Problem[]): MapNode {
  const written = new Map<string, string>()
  const entries = [...namesOf(model)].map(([key, entry]): [string, Entry] => {
    const { text } = expand(textNode(key), macros, [...path, ...NAMES, key]) as ScalarNode
    const other = written.get(text)
    if (other !== undefined) problems.push({ path: [...path, ...NAMES, key], message: `the keys "${other}" and "${key}" are both "${text}" once their macros are replaced; remove one` })
    written.set(text, key)
    return [text, entry]
  })
  return entries.length === 0 ? model : withNode(model, NAMES, (node) => ({ ...node, entries: new Map(entries) }) as MapNode)
}

function namesOf (model: MapNode): ReadonlyMap<string, Entry> {
  const names = nodeAt(model, NAMES)
  return names?.kind === 'map' ? names.entries : new Map()
}

/** Elsewhere than in a launch the port is told as preferred. */
function bindPort (model: MapNode, port: number, expand: Expander, path: readonly string[], problems: Problem[]): MapNode {
  const value: ScalarNode = { kind: 'scalar', type: 'integer', value: port, text: String(port), quoted: false, at: undefined }
  const macros = [{ name: 'PORT', value }]
  const entries = [...model.entries].map(([key, entry]): [string, Entry] => [key, LATE.has(key) ? entry : { ...entry, node: expand(entry.node, macros, [...path, key]) }])
  return expandKeys(mapNode(entries, model.at), macros, expand, path, problems)
}

// One that is not right is told later, where all values are checked.
function startPort (node: TreeNode | undefined): number {
  return node?.kind === 'scalar' && typeof node.value === 'number' && Number.isFinite(node.value) ? Math.trunc(node.value) : DEFAULT_START_PORT
}
