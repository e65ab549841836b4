import { loadConfig } from '../config/load.ts'
import { renderConfig } from '../config/render.ts'
import type { Flags } from './flags.ts'

/** `--check`: says what is remarkable about the config, and with `--print` how it is understood. Rejects when it has errors. */
export async function checkConfig ({ config: paths, strict, print }: Flags): Promise<void> {
  const { config, warnings } = await loadConfig(paths, { strict })
  for (const warning of warnings) console.error(`warning: ${warning}`)
  if (print) process.stdout.write(renderConfig(config))
  else console.log(`${paths.join(', ')}: no errors, ${config.models.size} ${config.models.size === 1 ? 'model' : 'models'}`)
}
