import type { ConfigInput } from '../../types/config.ts'
import type { Config } from './config.ts'
import { parseYaml } from './parse.ts'
import type { Parsed } from './parse.ts'
import { configError, formatProblem } from './problem.ts'
import type { Problem } from './problem.ts'
import { readConfigFile } from './read.ts'
import { resolve } from './resolve.ts'
import { validate } from './validate.ts'

export interface Loaded {
  readonly config: Config
  /** One line each, with positions. */
  readonly warnings: readonly string[]
}

/**
 * The pipeline: read -> parse -> validate -> macros and resolve. All problems of a stage are reported together.
 *
 * @throws an `FST_LS_CONFIG` error
 */
export async function loadConfig (source: string | ConfigInput): Promise<Loaded> {
  const { value, locate } = typeof source === 'string' ? await loadFile(source) : fromObject(source)
  const format = (problem: Problem): string => formatProblem(problem, locate)
  const { problems, warnings } = validate(value)
  if (problems.length > 0) throw configError(problems.map(format))
  const resolved = resolve(value as ConfigInput)
  if (resolved.problems.length > 0) throw configError(resolved.problems.map(format))
  return { config: resolved.config, warnings: warnings.map(format) }
}

async function loadFile (path: string): Promise<Parsed> {
  return parseYaml(await readConfigFile(path), path)
}

// A copy, so that what the caller does to its object later changes nothing here.
function fromObject (source: ConfigInput): Parsed {
  try {
    return { value: structuredClone(source), locate: () => undefined }
  } catch (error) {
    throw configError([`the object must hold plain data: ${(error as Error).message}`])
  }
}
