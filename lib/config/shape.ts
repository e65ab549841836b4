import { GO_DURATION } from './schema/parts.ts'
import { typesOf } from './schema/schema.ts'
import type { Schema } from './schema/schema.ts'
import type { Problem } from './problem.ts'
import { isNull } from './tree.ts'
import type { Entry, ListNode, MapNode, ScalarNode, TreeNode } from './tree.ts'

export interface Shaped {
  readonly tree: TreeNode
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Values of keys that hold secrets. */
  readonly secrets: readonly string[]
}

const YES = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'])
const NO = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'])

/**
 * Makes of each scalar what its key asks for, as llama-swap does: text stays as it was written, `yes` is true where a boolean is due, a float loses
 * its fraction where an integer is due, and a key with nothing is as good as none. What cannot be made to fit is left for the validation to tell.
 */
export function shapeTree (tree: TreeNode, schema: Schema): Shaped {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const secrets: string[] = []

  function shape (node: TreeNode, schema: Schema, path: Problem['path'], isSecret: boolean): TreeNode {
    if (node.kind === 'map') return schema.properties !== undefined || schema.additionalProperties !== undefined ? shapeMap(node, schema, path, isSecret) : shapeFree(node, path)
    if (node.kind === 'list') return schema.items !== undefined ? shapeList(node, schema.items, path, isSecret) : shapeFree(node, path)
    const types = typesOf(schema)
    if (isSecret && typeof node.text === 'string') secrets.push(node.text)
    if (types.length === 0) return shapeFree(node, path)
    if (types.includes('boolean') && !types.includes('string')) return shapeBoolean(node, path)
    if (types.includes('integer')) return shapeInteger(node, path)
    return types.includes('string') && !types.includes('number') && schema.format !== GO_DURATION ? shapeText(node) : node
  }

  function shapeMap (node: MapNode, { properties, additionalProperties }: Schema, path: Problem['path'], isSecret: boolean): MapNode {
    const entries: Array<[string, Entry]> = []
    for (const [key, entry] of node.entries) {
      const isKnown = properties !== undefined && Object.hasOwn(properties, key)
      const schema = isKnown ? properties[key] : additionalProperties
      if (schema === undefined || (isNull(entry.node) && (isKnown || isSkipped(schema)))) continue
      entries.push([key, { ...entry, node: shape(entry.node, schema, [...path, key], isSecret || schema.writeOnly === true) }])
    }
    return { ...node, entries: new Map(entries) }
  }

  function shapeList (node: ListNode, items: Schema, path: Problem['path'], isSecret: boolean): ListNode {
    const kept = node.items.filter((item, index) => {
      if (!isNull(item) || typesOf(items).length === 0) return true
      if (isSecret) problems.push({ path: [...path, index], at: item.at, message: 'the item is empty; give it a value or remove it' })
      else warnings.push({ path: [...path, index], at: item.at, message: 'the item is empty, left out' })
      return false
    })
    return { ...node, items: kept.map((item, index) => shape(item, items, [...path, index], isSecret)) }
  }

  function shapeBoolean (node: ScalarNode, path: Problem['path']): ScalarNode {
    const value = node.type !== 'string' ? undefined : YES.has(node.text) ? true : NO.has(node.text) ? false : undefined
    if (value === undefined) return node
    if (node.quoted) warnings.push({ path, message: `"${node.text}" in quotes is taken as ${value}; write ${value}` })
    return { ...node, type: 'boolean', value }
  }

  function shapeInteger (node: ScalarNode, path: Problem['path']): ScalarNode {
    if (node.type !== 'float' || !Number.isFinite(node.value)) return node
    const value = Math.trunc(node.value as number) + 0
    if (value !== node.value) warnings.push({ path, message: `${node.text} is not a whole number, taken as ${value}` })
    return { ...node, type: 'integer', value }
  }

  // What is passed on as it is, as JSON in the end.
  function shapeFree (node: TreeNode, path: Problem['path']): TreeNode {
    if (node.kind === 'map') for (const [key, entry] of node.entries) shapeFree(entry.node, [...path, key])
    else if (node.kind === 'list') node.items.forEach((item, index) => shapeFree(item, [...path, index]))
    else if (typeof node.value === 'number' && !Number.isFinite(node.value)) problems.push({ path, message: `${node.text} cannot be written as JSON; quote it` })
    return node
  }

  return { tree: shape(tree, schema, [], false), problems, warnings, secrets }
}

// In a map of the operator's own keys, nothing is no number and no text; but it is told where something bigger is due.
function isSkipped (schema: Schema): boolean {
  const types = typesOf(schema)
  return types.length > 0 && !types.includes('object') && !types.includes('null')
}

function shapeText (node: ScalarNode): ScalarNode {
  return node.type === 'null' ? node : { ...node, type: 'string', value: node.text }
}
