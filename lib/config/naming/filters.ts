import type { FiltersInput } from '../../../types/filters.ts'
import type { Problem } from '../problem.ts'
import { isProtected, parseParamPath } from './param-path.ts'
import type { ParamPath } from './param-path.ts'
import { BadParamPath } from './path-text.ts'

/** A field to take out. */
export interface StripParam {
  /** As the operator calls it. */
  readonly name: string
  readonly path: ParamPath
}

/** A field to set. */
export interface SetParam extends StripParam {
  /** Its value. */
  readonly json: string
}

/** Changes to the JSON body of a request; each list sorted by name, without any that leads to `model`. */
export interface Filters {
  readonly stripParams: readonly StripParam[]
  readonly setParams: readonly SetParam[]
  /** The name that was asked for -> fields to set for it. */
  readonly setParamsByID: ReadonlyMap<string, readonly SetParam[]>
}

/** `at` is where the filters are written. */
export function resolveFilters (input: FiltersInput = {}, at: Problem['path'], problems: Problem[], warnings: Problem[]): Filters {
  const { stripParams, strip_params: legacy, setParams, setParamsByID } = input
  const names = new Set((stripParams || legacy || '').split(',').map((name) => name.trim()).filter((name) => name !== ''))
  const stripAt = [...at, stripParams || !legacy ? 'stripParams' : 'strip_params']

  // Undefined for one that is left out.
  const read = (name: string, use: 'set' | 'strip', place: Problem['path']): ParamPath | undefined => {
    try {
      const path = parseParamPath(name, use)
      if (!isProtected(path)) return path
      warnings.push({ path: place, message: `"${name}" leads to the name of the model, which no filter touches; left out` })
    } catch (error) {
      if (!(error instanceof BadParamPath)) throw error
      problems.push({ path: place, message: `"${name}": ${error.message}` })
    }
    return undefined
  }
  const readStrip = (name: string): StripParam[] => {
    const path = read(name, 'strip', stripAt)
    return path === undefined ? [] : [Object.freeze({ name, path })]
  }
  const readSet = (params: Record<string, unknown> | null | undefined, place: Problem['path']): readonly SetParam[] => {
    const sorted = Object.entries(params ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
    return Object.freeze(sorted.flatMap(([name, value]) => {
      const path = read(name, 'set', [...place, name])
      if (isRounded(value)) warnings.push({ path: [...place, name], message: `whole numbers beyond ${Number.MAX_SAFE_INTEGER} are rounded` })
      return path === undefined ? [] : [Object.freeze({ name, path, json: JSON.stringify(value) })]
    }))
  }

  return Object.freeze({
    stripParams: Object.freeze([...names].sort().flatMap(readStrip)),
    setParams: readSet(setParams, [...at, 'setParams']),
    setParamsByID: new Map(Object.entries(setParamsByID ?? {}).map(([id, params]) => [id, readSet(params, [...at, 'setParamsByID', id])]))
  })
}

// Beyond 64 bits they have been rounded by whoever wrote them.
function isRounded (value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) <= 2 ** 64
  return typeof value === 'object' && value !== null && Object.values(value).some(isRounded)
}
