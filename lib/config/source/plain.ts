import type { Problem } from '../problem.ts'
import { mapNode, textNode } from '../tree.ts'
import type { Entry, MapNode, ScalarNode, TreeNode } from '../tree.ts'

const MAX_DEPTH = 100
const MAX_VALUES = 250_000
const EMPTY: ScalarNode = { kind: 'scalar', type: 'null', value: null, text: '', quoted: false, at: undefined }

/** A tree of a caller's object, as if it had been written in a file; the object itself is left alone. `undefined` is the same as not there. */
export function fromPlain (value: unknown): { tree: MapNode, problems: readonly Problem[] } {
  const problems: Problem[] = []
  let values = 0

  function convert (value: unknown, path: Problem['path']): TreeNode {
    if (values++ > MAX_VALUES) return values > MAX_VALUES + 2 ? EMPTY : report([], `the object holds more than ${MAX_VALUES} values, or one that holds itself; make it smaller`)
    if (path.length > MAX_DEPTH) return report(path.slice(0, 5), `it is nested too deeply, or holds itself; at most ${MAX_DEPTH} levels are read`)
    if (value === null || value === undefined) return EMPTY
    if (typeof value === 'string') return { ...textNode(value), quoted: false }
    if (typeof value === 'boolean') return { ...EMPTY, type: 'boolean', value, text: String(value) }
    if (typeof value === 'number') return numberNode(value)
    if (Array.isArray(value)) return { kind: 'list', items: value.map((item, index) => convert(item, [...path, index])), at: undefined }
    if (isPlainObject(value)) return convertMap(value, path)
    return report(path, `must be plain data, as a YAML file holds it, not ${describe(value)}`)
  }

  function convertMap (object: object, path: Problem['path']): MapNode {
    if (values > MAX_VALUES) return mapNode([])
    const entries = Object.entries(object).filter(([, value]) => value !== undefined)
    return mapNode(entries.map(([key, value]): [string, Entry] => [key, { node: convert(value, [...path, key]), at: undefined }]))
  }

  function report (path: Problem['path'], message: string): TreeNode {
    problems.push({ path, message })
    return EMPTY
  }

  const tree = convert(value, [])
  if (tree.kind === 'map') return { tree, problems }
  if (problems.length === 0) report([], `the config must be an object with keys such as "models", not ${tree.kind === 'list' ? 'a list' : `a ${tree.type}`}`)
  return { tree: mapNode([]), problems }
}

function numberNode (value: number): ScalarNode {
  const isInteger = Number.isInteger(value)
  return { ...EMPTY, type: isInteger ? 'integer' : 'float', value, text: isInteger ? BigInt(value).toString() : String(value) }
}

function isPlainObject (value: unknown): value is object {
  if (typeof value !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function describe (value: unknown): string {
  return typeof value === 'object' ? `a ${value!.constructor?.name ?? 'special object'}` : `a ${typeof value}`
}
