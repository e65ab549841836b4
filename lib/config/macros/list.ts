import type { Problem } from '../problem.ts'
import { textNode } from '../tree.ts'
import type { ScalarNode, TreeNode } from '../tree.ts'

export interface Macro {
  readonly name: string
  readonly value: ScalarNode
}

const RESERVED = ['PID', 'PORT', 'MODEL_ID']
const NAME = /^[a-zA-Z0-9_-]+$/
const MAX_NAME = 63

/** The macros that a `macros` map declares, in its order. */
export function declaredMacros (node: TreeNode | undefined, path: Problem['path'], problems: Problem[]): Macro[] {
  if (node === undefined || (node.kind === 'scalar' && node.type === 'null')) return []
  if (node.kind !== 'map') {
    problems.push({ path, message: 'macros must be a map of names to values, such as "threads: 8"' })
    return []
  }
  const macros: Macro[] = []
  for (const [name, { node: value }] of node.entries) {
    const message = wrongName(name) ?? wrongValue(name, value)
    if (message !== undefined) problems.push({ path: [...path, name], message })
    // A macro with nothing after it is an empty text.
    else macros.push({ name, value: (value as ScalarNode).type === 'null' ? textNode('') : value as ScalarNode })
  }
  return macros
}

function wrongName (name: string): string | undefined {
  if (name.length > MAX_NAME) return `the macro's name is longer than ${MAX_NAME} characters; shorten it`
  if (!NAME.test(name)) return 'the macro\'s name contains invalid characters; only letters, digits, "_" and "-" may be in it'
  if (RESERVED.includes(name)) return `the macro name ${name} is reserved; choose another`
  return undefined
}

function wrongValue (name: string, value: TreeNode): string | undefined {
  if (value.kind !== 'scalar') return `the macro's value must be a scalar (text, a number, true or false), not a ${value.kind}`
  if (value.type === 'null' && value.text !== '') return 'the macro\'s value must be a scalar (text, a number, true or false), not null; use "" for an empty text'
  if (value.type === 'timestamp') return 'the macro\'s value must be a scalar (text, a number, true or false), not a date; quote it'
  if (value.text.includes(`\${${name}}`)) return `the macro refers to itself; take \${${name}} out of its value`
  return undefined
}

/** The macros of one model: a name of its own replaces the global one in its place, a new one comes last. */
export function modelMacros (id: string, globals: readonly Macro[], own: readonly Macro[]): Macro[] {
  const macros = new Map([{ name: 'MODEL_ID', value: textNode(id) }, ...globals, ...own].map((macro) => [macro.name, macro]))
  return [...macros.values()]
}
