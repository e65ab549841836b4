import type { Config } from '../config/config.ts'

/** What a name stands for. */
export interface Target {
  readonly kind: 'local'
  /** The model's id. */
  readonly model: string
}

export type Names = ReadonlyMap<string, Target>

/** All names that lead to a model. An id wins over another model's alias, as in llama-swap. */
export function indexNames (config: Config): Names {
  const names = new Map<string, Target>()
  for (const { id, aliases } of config.models.values()) {
    for (const name of aliases) names.set(name, { kind: 'local', model: id })
  }
  for (const id of config.models.keys()) names.set(id, { kind: 'local', model: id })
  return names
}
