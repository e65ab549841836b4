import type { FiltersInput } from '../../../types/filters.ts'

/** Changes to the JSON body of a request; those of fields in sorted order, `model` never among them. */
export interface Filters {
  readonly stripParams: readonly string[]
  readonly setParams: ReadonlyMap<string, unknown>
  /** The name that was asked for -> fields to set for it. */
  readonly setParamsByID: ReadonlyMap<string, ReadonlyMap<string, unknown>>
}

export function resolveFilters ({ stripParams, strip_params: legacy, setParams, setParamsByID }: FiltersInput = {}): Filters {
  const strip = (stripParams || legacy || '').split(',').map((name) => name.trim()).filter((name) => name !== '' && name !== 'model')
  return Object.freeze({
    stripParams: Object.freeze([...new Set(strip)].sort()),
    setParams: sorted(setParams),
    setParamsByID: new Map(Object.entries(setParamsByID ?? {}).map(([id, params]) => [id, sorted(params)]))
  })
}

function sorted (params: Record<string, unknown> | null | undefined): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(params ?? {}).filter(([name]) => name !== 'model').sort(([a], [b]) => a < b ? -1 : 1))
}
