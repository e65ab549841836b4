#!/usr/bin/env node
import { isLlamaSwapError } from '../errors.ts'
import { Failure } from './failure.ts'
import { parseFlags } from './flags.ts'
import { help } from './help.ts'
import { nameAndVersion } from './version.ts'

// For the log's last lines, which pino writes on the side; whatever else might keep the process alive is of no use.
const LAST_LINES = 200

try {
  const flags = parseFlags(process.argv.slice(2))
  if (flags.help) console.log(help)
  else if (flags.version) console.log(nameAndVersion)
  // Half a second's worth of modules, which those two need not wait for.
  else await (await import('./run.ts')).run(flags)
} catch (error) {
  // What the user can put right needs no stack.
  const known = error instanceof Failure || isLlamaSwapError(error)
  console.error(known ? `fastify-llama-swap: ${error.message}` : error)
  process.exitCode = 1
}
setTimeout(() => process.exit(), LAST_LINES).unref()
