import { parseArgs } from 'node:util'
import { checkFault, parseFault } from './faults.ts'
import type { Fault } from './faults.ts'

/** How the upstream misbehaves: each option is a command line flag of the same name (`loadMs` is `--load-ms`). */
export interface UpstreamOptions {
  /** Where it listens; `upstreamCommand` leaves `${PORT}` in place when neither this nor `socket` is given. */
  port?: number
  /** Default 127.0.0.1. */
  host?: string
  /** The path of a Unix socket to listen on, instead of host and port. A file that a dead server has left there is removed. */
  socket?: string
  /** Said in every answer, so that a test sees which model answered: `upstream.name`, and the header `x-upstream`. Default `upstream`. */
  name?: string
  /** Listens at once and answers 503 "Loading model" to everything for so long after its start. */
  loadMs?: number
  /** Does not even listen for so long after its start. */
  listenAfterMs?: number
  /** Answers 503 "Loading model" to everything, for ever. */
  neverReady?: boolean
  /** What `/health` answers, for ever and from the first moment on. */
  healthStatus?: number
  /** Accepts `/health` and never answers it. */
  healthHang?: boolean
  /** What goes wrong with every answer whose request does not ask for a fault itself. */
  fault?: Fault
  /** Takes a request to upgrade (to a WebSocket) for a plain one, as servers without WebSockets do. */
  ignoreUpgrades?: boolean
  /** Exits by itself with this code; 0 when only `exitAfterMs` is given. */
  exitCode?: number
  /** When it exits by itself; default 0, before it listens, when only `exitCode` is given. */
  exitAfterMs?: number
  /** SIGTERM does nothing: it goes on serving. */
  ignoreSigterm?: boolean
  /** The first so many SIGTERMs do nothing, as if they were lost. */
  loseSigterms?: number
  /** Stops listening on SIGTERM, but needs so long to exit. */
  termDelayMs?: number
  /** Starts a grandchild in its own process group that holds stdout and stderr open and outlives it (120 s at most). */
  forkHoldingPipes?: boolean
  /** That grandchild ignores SIGTERM. Implies `forkHoldingPipes`. */
  forkIgnoresSigterm?: boolean
  /** Printed to stderr at the start. */
  say?: string
  /** Writes lines to stdout, as fast as they are read. */
  logFlood?: boolean
  /** The file to which the events of its life are appended, one JSON object (`UpstreamEvent`) a line. */
  record?: string
}

const kinds = {
  port: 'number',
  host: 'string',
  socket: 'string',
  name: 'string',
  loadMs: 'number',
  listenAfterMs: 'number',
  neverReady: 'boolean',
  healthStatus: 'number',
  healthHang: 'boolean',
  fault: 'fault',
  ignoreUpgrades: 'boolean',
  exitCode: 'number',
  exitAfterMs: 'number',
  ignoreSigterm: 'boolean',
  loseSigterms: 'number',
  termDelayMs: 'number',
  forkHoldingPipes: 'boolean',
  forkIgnoresSigterm: 'boolean',
  say: 'string',
  logFlood: 'boolean',
  record: 'string'
} as const satisfies Record<keyof UpstreamOptions, 'number' | 'string' | 'boolean' | 'fault'>

const names = Object.keys(kinds) as Array<keyof UpstreamOptions>

function flagOf (name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function read (name: keyof UpstreamOptions, text: string): unknown {
  const flag = `--${flagOf(name)}`
  if (kinds[name] === 'fault') return parseFault(text, flag)
  if (kinds[name] !== 'number') return text
  if (!/^\d+$/.test(text)) throw new TypeError(`${flag} wants a whole number, not "${text}"`)
  return Number(text)
}

function check (options: UpstreamOptions): UpstreamOptions {
  if (options.socket !== undefined && (options.port ?? options.host) !== undefined) throw new TypeError('The upstream listens on a socket or on a host and port, not on both')
  if (options.fault !== undefined) checkFault(options.fault)
  return options
}

/** The words of a command line that says `options`; the port is left to the caller. */
export function toFlags (options: UpstreamOptions): string[] {
  const flags: string[] = []
  for (const [name, value] of Object.entries(check(options))) {
    if (!(name in kinds)) throw new TypeError(`The upstream has no option "${name}"`)
    if (name === 'port' || value === undefined || value === false) continue
    // One word, since a value on its own could look like a flag.
    flags.push(value === true ? `--${flagOf(name)}` : `--${flagOf(name)}=${name === 'fault' ? JSON.stringify(value) : value}`)
  }
  return flags
}

/** Reads a command line back. Other words are allowed after `--`: `GET /args` shows them. */
export function fromFlags (args: string[]): UpstreamOptions {
  const options = Object.fromEntries(names.map((name) =>
    [flagOf(name), { type: kinds[name] === 'boolean' ? 'boolean' as const : 'string' as const }]))
  const { values } = parseArgs({ args, options, allowPositionals: true })
  return check(Object.fromEntries(names.flatMap((name) => {
    const value = values[flagOf(name)]
    return value === undefined ? [] : [[name, typeof value === 'string' ? read(name, value) : value]]
  })))
}
