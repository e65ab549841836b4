import type { FastifyInstance } from 'fastify'
import type { ConfigEvent, StateEvent } from '../../index.ts'
import { describeReload } from './config-report.ts'
import { createPaint } from './paint.ts'
import { stateReporter } from './report.ts'
import { stateLogger } from './state-log.ts'
import { terminalLog } from './terminal-log.ts'
import { Terminal } from './terminal.ts'

/** How the app speaks: lines for a person at a terminal, else JSON lines for machines. */
export interface Output {
  /** For Fastify. */
  readonly logger: { level: string, stream?: { write (json: string): void } }
  /** The logger's level for the config's `logLevel`. */
  levelFor (logLevel: string): string
  stateListener (app: FastifyInstance): (event: StateEvent) => void
  configListener (app: FastifyInstance): (event: ConfigEvent) => void
  /** Says what the app does. */
  say (app: FastifyInstance, text: string): void
  /** Text that only people read. */
  greet (text: string): void
}

export function createOutput (stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  return stdout.isTTY ? terminalOutput(stdout) : jsonOutput(stderr)
}

function terminalOutput (stdout: NodeJS.WriteStream): Output {
  // The servers outlive a terminal that was closed.
  stdout.on('error', () => {})
  const terminal = new Terminal(stdout)
  const paint = createPaint(stdout)
  // What is worth an info line has a line of its own here.
  const levelFor = (logLevel: string): string => logLevel === 'info' ? 'warn' : logLevel
  return {
    logger: { level: levelFor('info'), stream: terminalLog(terminal, paint) },
    levelFor,
    stateListener: (app) => stateReporter(terminal, paint, app.llamaSwap.status().models.map(({ model }) => model)),
    configListener: () => (event) => terminal.line(describeReload(event)),
    say: (_app, text) => terminal.line(text),
    greet: (text) => terminal.line(text)
  }
}

// The greeting goes beside the JSON, which stays whole lines of JSON.
function jsonOutput (stderr: NodeJS.WriteStream): Output {
  return {
    logger: { level: 'info' },
    levelFor: (logLevel) => logLevel,
    stateListener: (app) => stateLogger(app.log),
    configListener: (app) => ({ time: _time, warnings: _warnings, ...diff }) => app.log.info(diff, describeReload(diff)),
    say: (app, text) => app.log.info(text),
    greet: (text) => stderr.write(`${text}\n`)
  }
}
