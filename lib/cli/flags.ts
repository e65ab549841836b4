import { parseArgs } from 'node:util'
import { nearest } from '../config/nearest.ts'
import { CommandLineError } from './failure.ts'
import { parseAllowedHost } from './host-name.ts'

/** What the command line asks for. */
export interface Flags {
  /** Files and directories of the config; none for the demo. */
  readonly config: readonly string[]
  readonly strict: boolean
  readonly listen: string
  readonly tls: TlsFiles | undefined
  /** Names by which this machine may be asked, besides its own. */
  readonly allowedHosts: readonly string[]
  readonly watch: boolean
  readonly check: boolean
  readonly print: boolean
  readonly version: boolean
  readonly help: boolean
}

export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

const options = {
  config: { type: 'string' },
  'config-dir': { type: 'string' },
  'watch-config': { type: 'boolean' },
  strict: { type: 'boolean' },
  listen: { type: 'string' },
  'tls-cert-file': { type: 'string' },
  'tls-key-file': { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  check: { type: 'boolean' },
  print: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' }
} as const

type Name = keyof typeof options

// The spellings that Go's flags know.
const booleans: Record<string, boolean> = Object.fromEntries([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true]), ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false])
])

/**
 * Reads the command line.
 *
 * @throws CommandLineError
 */
export function parseFlags (args: readonly string[]): Flags {
  const values = readValues(args)
  // The last one counts, as in Go.
  const text = (name: Name): string | undefined => values.get(name)?.at(-1) as string | undefined
  const isOn = (name: Name): boolean => values.get(name)?.at(-1) === true
  const config = [text('config'), text('config-dir')].filter((path) => path !== undefined)
  const [cert, key] = [text('tls-cert-file'), text('tls-key-file')]
  const tls = cert !== undefined && key !== undefined ? { cert, key } : undefined
  const flags: Flags = {
    config,
    strict: isOn('strict'),
    listen: text('listen') ?? (tls === undefined ? '127.0.0.1:8080' : '127.0.0.1:8443'),
    tls,
    allowedHosts: (values.get('allow-host') ?? []).map((name) => parseAllowedHost(name as string)),
    watch: isOn('watch-config'),
    check: isOn('check') || isOn('print'),
    print: isOn('print'),
    version: isOn('version'),
    help: isOn('help')
  }
  if (flags.help || flags.version) return flags
  if ((cert ?? key) !== undefined && tls === undefined) throw new CommandLineError('--tls-cert-file and --tls-key-file go together: give both, or neither')
  const idle = (['watch-config', 'check', 'print', 'strict'] as const).find((name) => isOn(name) && config.length === 0)
  if (idle !== undefined) throw new CommandLineError(`--${idle} needs a config: name one with --config FILE or --config-dir DIR`)
  return flags
}

/** The values of each flag that is given, in their order. */
function readValues (args: readonly string[]): Map<Name, Array<string | boolean>> {
  // Not strict: the errors are ours, in one line.
  const { tokens } = parseArgs({ args: args.map(withTwoDashes), options, strict: false, tokens: true })
  const values = new Map<Name, Array<string | boolean>>()
  const add = (name: Name, value: string | boolean): void => { values.set(name, [...values.get(name) ?? [], value]) }
  for (const token of tokens) {
    if (token.kind === 'positional') throw new CommandLineError(`unexpected argument "${token.value}": a config is named with --config FILE`)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!isKnown(name)) throw new CommandLineError(`unknown flag ${rawName}${suggest(name)}`)
    if (options[name].type === 'string') {
      // A flag that follows is no value.
      if (!value || (!inlineValue && value.startsWith('-'))) throw new CommandLineError(`${rawName} needs a value`)
      add(name, value)
    } else {
      if (value !== undefined && !Object.hasOwn(booleans, value)) throw new CommandLineError(`${rawName} is true or false, and has no other value`)
      add(name, value === undefined ? true : booleans[value]!)
    }
  }
  return values
}

function isKnown (name: string): name is Name {
  return Object.hasOwn(options, name)
}

function suggest (name: string): string {
  const names = Object.keys(options)
  const meant = names.find((known) => known.startsWith(name)) ?? nearest(name, names)
  return meant === undefined ? '' : `: did you mean --${meant}?`
}

// llama-swap's flags are Go's, which have one dash or two.
function withTwoDashes (arg: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(arg) ? `-${arg}` : arg
}
