import type { Problem } from '../problem.ts'

export interface Alias {
  /** The id of the model. */
  readonly model: string
  /** Where it is written, under `aliases` or as a key of `filters.setParamsByID`. */
  readonly path: Problem['path']
}

/** The names of the models that run here. */
export interface LocalNames {
  /** In sorted order. */
  readonly ids: ReadonlySet<string>
  readonly aliases: ReadonlyMap<string, Alias>
}

/** The id of the model with that id or, if none has it, that alias. */
export function localModel ({ ids, aliases }: LocalNames, name: string): string | undefined {
  return ids.has(name) ? name : aliases.get(name)?.model
}
