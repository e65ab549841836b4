import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { errors } from '../index.ts'
import type { StateEvent } from '../index.ts'
import { createPaint } from '../lib/cli/paint.ts'
import { formatDuration, stateReporter } from '../lib/cli/report.ts'
import { terminalLog } from '../lib/cli/terminal-log.ts'
import { Terminal } from '../lib/cli/terminal.ts'
import { chat, cliCommand, startCli } from './helper/cli.ts'

/** A terminal that shows nothing: what was written to it, and state changes for it. */
function fakeTerminal (): { terminal: Terminal, text: () => string, change: (model: string, from: string, to: string, more?: object) => void } {
  let text = ''
  const terminal = new Terminal({ write: (part) => { text += part } })
  const report = stateReporter(terminal, createPaint({}), ['demo-chat', 'demo-coder'])
  const change = (model: string, from: string, to: string, more = {}): void => report({ model, from, to, cause: 'request', time: 0, duration: 0, ...more } as StateEvent)
  return { terminal, text: () => text, change }
}

t.test('a start and a stop are one line each, which grows where it stands', async (t) => {
  const { text, change } = fakeTerminal()
  change('demo-chat', 'stopped', 'starting')
  t.equal(text(), 'demo-chat   starting ...')
  change('demo-chat', 'starting', 'ready', { duration: 1012 })
  t.equal(text(), 'demo-chat   starting ... ready in 1.0 s\n')
  change('demo-chat', 'ready', 'stopping', { cause: 'evicted by demo-coder' })
  change('demo-chat', 'stopping', 'stopped', { cause: 'evicted by demo-coder', duration: 96 })
  change('demo-coder', 'stopped', 'starting')
  t.equal(text(), 'demo-chat   starting ... ready in 1.0 s\ndemo-chat   stopping ... stopped in 0.1 s (evicted by demo-coder)\ndemo-coder  starting ...')
})

t.test('a line that was interrupted is written again as a whole', async (t) => {
  const { terminal, text, change } = fakeTerminal()
  change('demo-chat', 'stopped', 'starting')
  terminal.line('something else')
  change('demo-chat', 'starting', 'ready', { duration: 2000 })
  change('demo-chat', 'ready', 'stopping')
  change('demo-coder', 'stopped', 'starting')
  change('demo-chat', 'stopping', 'stopped', { cause: 'ttl', duration: 100 })
  change('demo-coder', 'starting', 'ready', { duration: 61_000 })
  change('demo-chat', 'stopped', 'shutdown')
  t.strictSame(text().split('\n'), [
    'demo-chat   starting ...',
    'something else',
    'demo-chat   starting ... ready in 2.0 s',
    'demo-chat   stopping ...',
    'demo-coder  starting ...',
    'demo-chat   stopping ... stopped in 0.1 s (ttl)',
    'demo-coder  starting ... ready in 1 min 1 s',
    ''
  ])
})

t.test('failed starts, abandoned starts, crashes, and servers that cannot be killed', async (t) => {
  const { text, change } = fakeTerminal()
  const failed = Object.assign(new errors.StartFailed('demo-chat', 'x'), { detail: 'it exited with code 3\nlast lines:\n\x1b[31mno such file\x1b[2J' })
  change('demo-chat', 'stopped', 'starting')
  change('demo-chat', 'starting', 'stopping', { cause: 'failure', error: failed, duration: 200 })
  change('demo-chat', 'stopping', 'stopped', { cause: 'failure', duration: 10 })
  change('demo-coder', 'stopped', 'starting')
  change('demo-coder', 'starting', 'stopping', { cause: 'unload', duration: 300 })
  change('demo-coder', 'stopping', 'stuck', { duration: 12_000 })
  change('demo-chat', 'ready', 'stopping', { cause: 'crash', error: new Error('it was ended by SIGSEGV'), duration: 7_500_000 })
  t.strictSame(text().split('\n'), [
    'demo-chat   starting ... failed after 0.2 s: it exited with code 3',
    '    last lines:',
    '    no such file',
    'demo-chat   stopping ... stopped in 0.0 s (failure)',
    'demo-coder  starting ... given up after 0.3 s (unload)',
    'demo-coder  stopping ... stuck after 12.0 s: it cannot be killed',
    'demo-chat   crashed after 2 h 5 min: it was ended by SIGSEGV',
    'demo-chat   stopping ...'
  ])
})

t.test('log lines become sentences', async (t) => {
  const { terminal, text } = fakeTerminal()
  const log = terminalLog(terminal, createPaint({}))
  log.write('{"level":40,"msg":"groups: no effect yet"}\n')
  log.write('{"level":40,"msg":"request failed","err":{"message":"it\\u001b[1m broke","stack":"Error\\n    at x"}}\n')
  log.write('{"level":30,"msg":"hello"}\n')
  log.write('{"level":20,"msg":"a: loading"}\n')
  log.write('{"level":50,"msg":"same","err":{"message":"same","stack":"Error: same\\n    at here"}}\n')
  t.equal(text(), 'warning: groups: no effect yet\nwarning: request failed: it broke\ninfo: hello\ndebug: a: loading\nerror: same\n    at here\n')
})

t.test('durations', async (t) => {
  const cases: Array<[ms: number, text: string]> = [[0, '0.0 s'], [94, '0.1 s'], [59_900, '59.9 s'], [59_980, '1 min 0 s'], [125_000, '2 min 5 s'], [3_600_000, '1 h 0 min'], [12_000_000, '3 h 20 min']]
  for (const [ms, text] of cases) t.equal(formatDuration(ms), text)
})

t.test('colours: only in a terminal, and not with NO_COLOR', async (t) => {
  t.equal(createPaint({ isTTY: true }, '')('green', 'x'), '\x1b[32mx\x1b[39m')
  t.equal(createPaint({ isTTY: true }, '1')('green', 'x'), 'x')
  t.equal(createPaint({}, '')('green', 'x'), 'x')
})

// util-linux's script; that of other systems has other flags.
const noTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0 ? false : 'no `script` of util-linux to make a terminal with'

t.test('in a real terminal', { skip: noTerminal }, async (t) => {
  for (const NO_COLOR of ['', '1']) {
    await t.test(NO_COLOR === '' ? 'in colour' : 'without', async (t) => {
      // exec, since a shell that stays (dash) hears the Ctrl-C too and ends with 130.
      const line = `exec ${[...cliCommand, '--listen', '127.0.0.1:0'].map((word) => `'${word}'`).join(' ')}`
      const cli = startCli(t, ['-qec', line, '/dev/null'], { command: ['script'], env: { NO_COLOR } })
      const url = await cli.url()
      await cli.saw(/Ctrl-C ends/)
      t.equal((await chat(url, 'demo-chat')).status, 200)
      t.equal((await chat(url, 'demo-coder', { max_tokens: 1 })).status, 200)
      cli.type('\x03')
      t.equal(await cli.exit, 0)
      const text = cli.stdout
      t.equal(text.includes('\x1b['), NO_COLOR === '')
      const lines = stripVTControlCharacters(text).split('\r\n')
      t.match(lines.slice(lines.indexOf('Ctrl-C ends the demo and its processes.') + 2), [
        /^demo-chat {3}starting \.\.\. ready in \d\.\d s$/,
        /^demo-chat {3}stopping \.\.\. stopped in \d\.\d s \(evicted by demo-coder\)$/,
        /^demo-coder {2}starting \.\.\. ready in \d\.\d s$/,
        /SIGINT: letting requests end, then stopping the servers \(again: at once\)$/,
        /^demo-coder {2}stopping \.\.\. stopped in \d\.\d s \(close\)$/,
        ''
      ])
      t.notMatch(text, '{"level"')
    })
  }
})
