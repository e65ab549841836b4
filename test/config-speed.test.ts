// A large config is read in a moment. Measured on a slow machine with two cores: 0.5 s of CPU for the file, 0.3 s for the object.
import t from 'tap'
import { stringify } from 'yaml'
import { loadConfig } from '../lib/config/load.ts'
import type { ConfigInput } from '../index.ts'
import { fileOf } from './helper/config.ts'

const LIMIT = 3_000_000

const config: ConfigInput = {
  macros: { bin: 'llama-server --port ${PORT}', dir: '/models', threads: 8, ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`m${index}`, 'v ${dir}'])) },
  models: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`m${index}`, {
    cmd: `\${bin} -m \${dir}/m${index}.gguf --threads \${threads} --ctx-size 8192 --name \${MODEL_ID}`,
    aliases: [`a${index}`, `b${index}`],
    ttl: 60,
    env: ['A=1'],
    filters: { stripParams: 'a,b', setParamsByID: { '${MODEL_ID}:high': { a: { b: 1 } } } },
    metadata: { a: { b: [1, 2, 3] } },
    capabilities: { in: ['text'] }
  }])),
  groups: { g: { members: Array.from({ length: 100 }, (_, index) => `m${index}`) } }
}

async function cpuOf (source: string | ConfigInput): Promise<number> {
  const start = process.cpuUsage()
  t.equal((await loadConfig(source)).config.models.size, 300)
  const { user, system } = process.cpuUsage(start)
  return user + system
}

t.test('300 models in a file of 120 KB', async (t) => {
  const microseconds = await cpuOf(fileOf(stringify(config)))
  t.comment(`${microseconds / 1000} ms of CPU`)
  t.ok(microseconds < LIMIT, `${microseconds / 1000} ms`)
})

t.test('300 models in an object', async (t) => {
  const microseconds = await cpuOf(config)
  t.comment(`${microseconds / 1000} ms of CPU`)
  t.ok(microseconds < LIMIT, `${microseconds / 1000} ms`)
})
