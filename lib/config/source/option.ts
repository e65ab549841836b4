import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { LlamaSwapOptions } from '../../../types/options.ts'
import { configError } from '../problem.ts'

type ConfigSource = LlamaSwapOptions['config']

/** What tells gateways with this config from others: the same over restarts, different for two side by side. */
export async function defaultInstance (source: ConfigSource): Promise<string> {
  const paths = pathsOf(source)
  if (paths.length === 0) return process.cwd()
  // A pipe has no path of its own.
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => resolve(path))))
  return real.sort().join(':')
}

/**
 * A pipe (`--config <(generate)`) would be empty at the second reading, and every model gone.
 *
 * @throws an `FST_LS_CONFIG` error
 */
export async function checkReadableAgain (source: ConfigSource): Promise<void> {
  for (const path of pathsOf(source)) {
    const stats = await stat(path).catch(() => undefined)
    if (stats?.isFile() === false && !stats.isDirectory()) throw configError([`${path}: it is not a file, so it cannot be read a second time`])
  }
}

function pathsOf (source: ConfigSource): string[] {
  return [source].flat().filter((path) => typeof path === 'string')
}
