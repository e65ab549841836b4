import type { SetParam, StripParam } from '../../lib/config/naming/filters.ts'

export function namesOf (params: readonly StripParam[]): string[] {
  return params.map(({ name }) => name)
}

/** Each name with the text of its value. */
export function pairsOf (params: readonly SetParam[]): Array<[name: string, json: string]> {
  return params.map(({ name, json }) => [name, json])
}
