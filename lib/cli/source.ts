import type { LlamaSwapOptions } from '../../index.ts'
import { loadConfig } from '../config/load.ts'
import type { Loaded } from '../config/load.ts'
import { Failure } from './failure.ts'
import type { Flags } from './flags.ts'

type Source = LlamaSwapOptions['config']

/** The plugin's `config` option for these flags. */
export function sourceOf ({ config }: Flags): Source {
  const [path, ...more] = config
  if (path === undefined || more.length > 0) throw new Failure('one --config FILE, please')
  return path
}

export async function loadSource (source: Source, _strict: boolean): Promise<Loaded> {
  return loadConfig(source)
}
