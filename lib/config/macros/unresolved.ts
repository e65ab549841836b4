import { ENV } from '../source/env.ts'
import { nearest } from '../nearest.ts'
import type { Problem } from '../problem.ts'
import type { TreeNode } from '../tree.ts'
import type { Macro } from './list.ts'

const MACRO = /\$\{([a-zA-Z0-9_-]+)\}/g

/** What still looks like a macro after all that there are were replaced. `${PORT}` may stand where it is bound late, `${PID}` in `cmdStop`. */
export function unresolvedMacros (node: TreeNode, path: Problem['path'], macros: readonly Macro[], bindsPort = false): Problem[] {
  if (node.kind === 'list') return node.items.flatMap((item, index) => unresolvedMacros(item, [...path, index], macros, bindsPort))
  if (node.kind === 'map') return [...node.entries].flatMap(([key, entry]) => unresolvedMacros(entry.node, [...path, key], macros, bindsPort))
  if (node.type !== 'string' || !node.text.includes('${')) return []
  const isKept = (name: string): boolean => (name === 'PORT' && bindsPort) || (name === 'PID' && path.length === 3 && path[2] === 'cmdStop')
  const names = new Set([...node.text.matchAll(MACRO)].map(([, name]) => name!).filter((name) => !isKept(name)))
  return [
    ...[...names].map((name) => ({ path, message: reason(name, path, macros) })),
    ...[...node.text.matchAll(ENV)].map(([reference, name]) => ({ path, message: `${reference} is not replaced here: only in the text of YAML files, and once in the value of a variable; put the value of ${name} itself here` }))
  ]
}

function reason (name: string, path: Problem['path'], macros: readonly Macro[]): string {
  const isModel = path[0] === 'models'
  if (name === 'PORT' && isModel) {
    return path[2] === 'proxy'
      ? 'proxy uses ${PORT} but cmd does not - ${PORT} is only available when used in cmd; give cmd the port, or set proxy to the URL where the server listens'
      : '${PORT} is only available when cmd uses it; give cmd the port, or write the server\'s own here'
  }
  if (name === 'PID') return 'unknown macro \'${PID}\': it is only available in cmdStop; take it out'
  if (name === 'MODEL_ID' && !isModel) return 'unknown macro \'${MODEL_ID}\': it is only available in models; write the id itself'
  const known = macros.map((macro) => macro.name)
  const likely = nearest(name, isModel ? [...known, 'PORT', 'MODEL_ID'] : known)
  if (known.includes(name)) return `unknown macro '\${${name}}' here: a macro may only use those that stand before it; move its definition up`
  return `unknown macro '\${${name}}'; ${likely === undefined ? 'define it under macros' : `did you mean \${${likely}}?`}`
}
