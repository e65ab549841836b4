import { isDeepStrictEqual } from 'node:util'
import type { ModelConfig } from '../config/config.ts'

/** What a new config means for each model. */
export interface ConfigDiff {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Those whose server has to be replaced. */
  readonly changed: readonly string[]
  /** Those whose new terms apply to the server that they have. */
  readonly updated: readonly string[]
  readonly unchanged: readonly string[]
}

type Models = ReadonlyMap<string, ModelConfig>

/** Compares two configs model by model; `isStarting` tells which models are being loaded. */
export function diffConfigs (before: Models, after: Models, isStarting: (model: string) => boolean): ConfigDiff {
  const diff = {
    added: [] as string[],
    removed: [...before.keys()].filter((id) => !after.has(id)),
    changed: [] as string[],
    updated: [] as string[],
    unchanged: [] as string[]
  }
  for (const [id, config] of after) {
    const old = before.get(id)
    if (old === undefined) diff.added.push(id)
    else if (needsNewServer(old, config, isStarting(id))) diff.changed.push(id)
    else if (isDeepStrictEqual(withoutPortNumber(old), withoutPortNumber(config))) diff.unchanged.push(id)
    else diff.updated.push(id)
  }
  return diff
}

/**
 * Whether a server that was started by one config cannot serve another: it is another command, in another environment, or it
 * is reached elsewhere. The number of a late-bound port is not a part of that, or a model that is added would replace those
 * that sort after it. `checkEndpoint` is asked for only until the server is ready; whatever else there is can be changed beneath
 * a running server, or counts from the next start on (`cmdStop`, which a server and its guard are told at the start).
 */
export function needsNewServer (before: ModelConfig, after: ModelConfig, starting: boolean): boolean {
  return !isDeepStrictEqual(identityOf(before), identityOf(after)) || (starting && before.checkEndpoint !== after.checkEndpoint)
}

function identityOf ({ launch: { argv, env, proxy } }: ModelConfig): object {
  return { argv, env, proxy }
}

function withoutPortNumber ({ launch: { preferredPort, ...launch }, ...config }: ModelConfig): object {
  return { ...config, launch }
}
