import type { Problem } from '../problem.ts'
import { printScalar } from '../source/scalar.ts'
import type { ScalarNode, TreeNode } from '../tree.ts'
import type { Macro } from './list.ts'

// What macros that repeat each other may grow to: one text, and all of them.
const MAX_TEXT = 1024 * 1024
const MAX_TOTAL = 16 * MAX_TEXT

/** Replaces macros in texts. Keeps a sum over all of one config, so that there is one bound for it. */
export interface Expander {
  (node: TreeNode, macros: readonly Macro[], path: Problem['path']): TreeNode
}

/**
 * Makes an expander. Macros are replaced from the last to the first, so the value of one may refer to those before it. A text that is
 * one macro and nothing else becomes its value, a number for a number; within a longer text the value is printed.
 */
export function createExpander (problems: Problem[]): Expander {
  let total = 0

  function expand (node: TreeNode, macros: readonly Macro[], path: Problem['path']): TreeNode {
    if (node.kind === 'scalar') return expandScalar(node, macros, path)
    if (node.kind === 'list') return { ...node, items: node.items.map((item, index) => expand(item, macros, [...path, index])) }
    return { ...node, entries: new Map([...node.entries].map(([key, entry]) => [key, { ...entry, node: expand(entry.node, macros, [...path, key]) }])) }
  }

  function expandScalar (node: ScalarNode, macros: readonly Macro[], path: Problem['path']): ScalarNode {
    if (node.type !== 'string' || !node.text.includes('${')) return node
    let { text } = node
    for (let index = macros.length - 1; index >= 0 && text.includes('${'); index--) {
      const { name, value } = macros[index]!
      const reference = `\${${name}}`
      if (!text.includes(reference)) continue
      if (text === reference && value.type !== 'string') return { ...value, text: printScalar(value), quoted: false, at: node.at }
      const parts = text.split(reference)
      const printed = printScalar(value)
      const size = text.length + (parts.length - 1) * (printed.length - reference.length)
      total += Math.max(0, size - text.length)
      if (size > MAX_TEXT || total > MAX_TOTAL) {
        if (total !== Infinity) problems.push({ path, message: `with its macros replaced the config grows too large (\${${name}} here); use macros that do not multiply each other` })
        total = Infinity
        return { ...node, text: '', value: '' }
      }
      text = parts.join(printed)
    }
    return text === node.text ? node : { ...node, text, value: text }
  }

  return expand
}
