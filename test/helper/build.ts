// tap runs this before any test file, also before a single one: children run the compiled files, so these must be fresh.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [tsc], { stdio: 'inherit' })
process.exitCode = status ?? 1
