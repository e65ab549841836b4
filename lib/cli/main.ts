#!/usr/bin/env node
import { isLlamaSwapError } from '../../index.ts'
import { Failure } from './failure.ts'
import { run } from './run.ts'

// For the log's last lines, which pino writes on the side; whatever else might keep the process alive is of no use.
const LAST_LINES = 200

try {
  await run(process.argv.slice(2))
} catch (error) {
  // What the user can put right needs no stack.
  const known = error instanceof Failure || isLlamaSwapError(error)
  console.error(known ? `fastify-llama-swap: ${error.message}` : error)
  process.exitCode = 1
}
setTimeout(() => process.exit(), LAST_LINES).unref()
