import type { FastifyInstance } from 'fastify'
import { loadConfig } from '../config/load.ts'
import type { ConfigSource } from '../config/load.ts'
import { checkReadableAgain } from '../config/source/option.ts'

const WITHOUT_KEYS = 'listening beyond this machine without keys: whoever can connect can use the models and see their commands at /running'
const PERHAPS = 'listening beyond this machine: unless the config has apiKeys, whoever can connect can use the models and see their commands at /running'

/** For an app that others can reach: warns when there are no keys, from the start or since a reload. */
export async function watchExposure (app: FastifyInstance, config: ConfigSource, strict: boolean): Promise<void> {
  let before: boolean | undefined = true
  const look = async (): Promise<void> => {
    const now = await hasKeys(config, strict)
    if (now !== before && now !== true) app.log.warn(now === false ? WITHOUT_KEYS : PERHAPS)
    before = now
  }
  app.llamaSwap.on('config', () => { void look() })
  await look()
}

/** Undefined if that cannot be told: a pipe can be read only once. */
async function hasKeys (source: ConfigSource, strict: boolean): Promise<boolean | undefined> {
  try {
    await checkReadableAgain(source)
    const { config } = await loadConfig(source, { strict })
    return config.apiKeys.length > 0
  } catch {
    return undefined
  }
}
