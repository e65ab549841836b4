import type { ConfigInput } from '../../types/config.ts'
import type { Config } from './config.ts'
import { substituteEnv } from './source/env.ts'
import type { Environment } from './source/env.ts'
import { freezeDeep } from './freeze.ts'
import { checkKeys } from './keys.ts'
import { expandMacros } from './macros/macros.ts'
import { createMask, keepMask } from './mask.ts'
import { mergeTrees } from './source/merge.ts'
import { parseYaml } from './source/parse.ts'
import { fromPlain } from './source/plain.ts'
import { configError, formatProblem } from './problem.ts'
import type { Problem } from './problem.ts'
import { resolve } from './resolve.ts'
import { configSchema } from './schema/config.ts'
import { shapeTree } from './shape.ts'
import { readSources } from './source/sources.ts'
import { checkStore } from './store.ts'
import { placeAt, toPlain } from './tree.ts'
import type { MapNode, TreeNode } from './tree.ts'
import { validate } from './validate.ts'

/** The path of a file or of a directory of files, several such paths, or the same shape as an object. */
export type ConfigSource = string | readonly string[] | ConfigInput

export interface LoadOptions {
  /** Makes an error of every unknown key. */
  readonly strict?: boolean
  /** Where `${env.NAME}` is looked up. Default: the process's. */
  readonly env?: Environment
}

export interface Loaded {
  readonly config: Config
  /** One line each, with positions. */
  readonly warnings: readonly string[]
}

/**
 * The pipeline: sources -> env -> parse -> merge -> macros -> shape -> validate -> resolve. An object takes it from `macros` on, and is not changed.
 * All problems of a stage are reported together.
 *
 * @throws an `FST_LS_CONFIG` error
 */
export async function loadConfig (source: ConfigSource, { strict = false, env = process.env }: LoadOptions = {}): Promise<Loaded> {
  const secrets = new Set<string>()
  const format = (tree?: TreeNode): (problem: Problem) => string => {
    const mask = createMask(secrets)
    return (problem) => formatProblem(problem, (path) => tree && placeAt(tree, path), mask)
  }
  const stop = (problems: readonly Problem[], tree?: TreeNode): void => stopWith(problems.map(format(tree)))

  const written = isPaths(source) ? await readTree([source].flat(), env, secrets, stop) : treeOf(source, stop)
  const expanded = expandMacros(written)
  stop(expanded.problems, expanded.tree)

  const keys = checkKeys(expanded.tree, configSchema, strict)
  const shaped = shapeTree(expanded.tree, configSchema)
  for (const secret of shaped.secrets) secrets.add(secret)
  const input = freezeDeep(toPlain(shaped.tree))
  const unknown = keys.unknown.map(format(expanded.tree))
  stopWith([...strict ? unknown : [], ...[...shaped.problems, ...validate(input)].map(format(shaped.tree))])

  const resolved = resolve(input as ConfigInput, expanded.ports)
  stop([...resolved.problems, ...await checkStore(resolved.value.store)], shaped.tree)
  keepMask(resolved.value, createMask(secrets))
  return {
    config: resolved.value,
    warnings: [...unknown, ...keys.idle.map(format(expanded.tree)), ...[...shaped.warnings, ...resolved.warnings].map(format(shaped.tree))]
  }
}

function stopWith (lines: readonly string[]): void {
  if (lines.length > 0) throw configError(lines)
}

function isPaths (source: ConfigSource): source is string | readonly string[] {
  return typeof source === 'string' || Array.isArray(source)
}

type Stop = (problems: readonly Problem[], tree?: TreeNode) => void

async function readTree (paths: readonly string[], env: Environment, secrets: Set<string>, stop: Stop): Promise<MapNode> {
  const texts = (await readSources(paths)).map((file) => substituteEnv(file, env))
  for (const secret of texts.flatMap((text) => text.secrets)) secrets.add(secret)
  stop(texts.flatMap(({ problems }) => problems))
  const parsed = texts.map(({ text, place }) => parseYaml(text, place))
  stop(parsed.flatMap(({ problems }) => problems))
  const merged = mergeTrees(parsed.map(({ tree }) => tree))
  stop(merged.problems)
  return merged.tree
}

function treeOf (source: ConfigInput, stop: Stop): MapNode {
  const { tree, problems } = fromPlain(source)
  stop(problems, tree)
  return tree
}
