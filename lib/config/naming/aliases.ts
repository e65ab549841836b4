import type { ModelInput } from '../../../types/model.ts'
import type { Problem } from '../problem.ts'
import type { Alias, LocalNames } from './local-names.ts'
import type { Resolution } from './resolution.ts'

/** The ids and aliases of the models. Every name that `filters.setParamsByID` has settings for is an alias too. */
export function resolveLocalNames (models: Readonly<Record<string, ModelInput>>): Resolution<LocalNames> {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const sorted = Object.keys(models).sort()
  const ids = new Set(sorted)
  const aliases = new Map<string, Alias>()
  for (const id of sorted) {
    for (const [index, alias] of (models[id]!.aliases ?? []).entries()) {
      const path = ['models', id, 'aliases', index]
      const owner = aliases.get(alias)?.model
      if (alias.trim() === '') warnings.push({ path, message: 'the alias is empty, left out' })
      else if (owner !== undefined) problems.push({ path, message: `duplicate alias ${alias}: ${owner === id ? 'it is there twice' : `the model ${owner} has it too`}; remove one` })
      else aliases.set(alias, { model: id, path })
      if (alias !== id && ids.has(alias)) warnings.push({ path, message: `"${alias}" is the id of another model, which is what the name means` })
    }
  }
  for (const id of sorted) {
    for (const name of Object.keys(models[id]!.filters?.setParamsByID ?? {})) {
      if (name === id) continue
      const path = ['models', id, 'filters', 'setParamsByID', name]
      const owner = aliases.get(name)?.model
      if (ids.has(name)) problems.push({ path, message: `the key '${name}' conflicts with an existing model ID; choose another name` })
      else if (owner !== undefined && owner !== id) problems.push({ path, message: `duplicate alias '${name}': already used by the model ${owner}; choose another name` })
      else if (owner === undefined && name.trim() !== '') aliases.set(name, { model: id, path })
    }
  }
  return { value: { ids, aliases }, problems, warnings }
}
