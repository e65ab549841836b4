import { parseArgs } from 'node:util'
import { CommandLineError } from './failure.ts'

/** What the command line asks for. */
export interface Flags {
  readonly config: string | undefined
  readonly listen: string
  readonly version: boolean
  readonly help: boolean
}

const options = {
  config: { type: 'string' },
  listen: { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' }
} as const

export const help = `usage: fastify-llama-swap [--config FILE] [--listen ADDRESS]

Starts inference servers on demand, proxies requests to them by model name, and stops them to make room for others.

  --config FILE     a llama-swap config (YAML); without it, a demo with three stand-in models
  --listen ADDRESS  host:port, or :port for all interfaces; port 0 picks a free one (default 127.0.0.1:8080)
  --version         print the version
  --help            print this

One dash works too. SIGINT (Ctrl-C) or SIGTERM lets requests end and stops the servers; a second one kills them at once.`

/**
 * Reads the command line.
 *
 * @throws CommandLineError
 */
export function parseFlags (args: readonly string[]): Flags {
  // Not strict: the errors are ours, in one line.
  const { values, tokens } = parseArgs({ args: args.map(withTwoDashes), options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') throw new CommandLineError(`unexpected argument "${token.value}": a config is named with --config FILE`)
    if (token.kind !== 'option') continue
    const type = Object.hasOwn(options, token.name) ? options[token.name as keyof typeof options].type : undefined
    if (type === undefined) throw new CommandLineError(`unknown flag ${token.rawName}`)
    if (type === 'string' && !token.value) throw new CommandLineError(`${token.rawName} needs a value`)
    if (type === 'boolean' && token.value !== undefined) throw new CommandLineError(`${token.rawName} takes no value`)
  }
  return {
    config: values.config as string | undefined,
    listen: values.listen as string | undefined ?? '127.0.0.1:8080',
    version: values.version === true,
    help: values.help === true
  }
}

// llama-swap's flags are Go's, which have one dash or two.
function withTwoDashes (arg: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(arg) ? `-${arg}` : arg
}
