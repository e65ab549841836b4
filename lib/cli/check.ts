import type { Flags } from './flags.ts'
import { loadSource, sourceOf } from './source.ts'

/** `--check`: says what is remarkable about the config, and with `--print` how it is understood. Rejects when it has errors. */
export async function checkConfig (flags: Flags): Promise<void> {
  const { config, warnings } = await loadSource(sourceOf(flags), flags.strict)
  for (const warning of warnings) console.error(`warning: ${warning}`)
  console.log(`${flags.config.join(', ')}: no errors, ${config.models.size} ${config.models.size === 1 ? 'model' : 'models'}`)
}
