// Windows by the commands that it would run. What they do there is not shown here.
import './helper/plain-children.ts'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../lib/clock.ts'
import { platformFor, thisPlatform } from '../lib/launcher/local/platform/platform.ts'
import type { Platform } from '../lib/launcher/local/platform/platform.ts'
import { createWindows } from '../lib/launcher/local/platform/windows.ts'
import { createWindowsGuard } from '../lib/launcher/local/platform/windows-guard.ts'
import { spawnChild } from '../lib/launcher/local/spawn.ts'
import type { Child } from '../lib/launcher/local/spawn.ts'
import { stopChild } from '../lib/launcher/local/stop.ts'
import { describeListener, findStranger } from '../lib/launcher/local/stranger.ts'
import { isAlive } from './helper/app.ts'
import { startGuard } from './helper/guard.ts'
import { recorder } from './helper/recorder.ts'

const LONG = 600_000
const env = { PATH: process.env['PATH'] ?? '' }

t.test('it is chosen on Windows', async (t) => {
  t.equal(platformFor('win32').groups, false)
})

// -- Stop ------------------------------------------------------------------------------------------------------------

interface Stop { readonly platform: Platform, readonly calls: string[], readonly child: Child, stop (grace: number, stopArgv?: readonly string[]): Promise<void> }

/** A child of this system under Windows' way to stop it: `taskkill` answers as told, and ends the process when it is forced to. */
async function start (t: Test, { asked = () => 0 }: { asked?: (pid: number) => number } = {}): Promise<Stop> {
  const { run, calls } = recorder((command) => {
    const pid = Number(/\/pid (\d+)$/.exec(command)?.[1])
    if (!command.startsWith('taskkill /f /t ')) return asked(pid)
    process.kill(pid, 'SIGKILL')
    return 0
  })
  const platform = { ...createWindows({ run }), resolveProgram: thisPlatform.resolveProgram }
  const child = await spawnChild(['sleep', '600'], env, 'ignore', platform)
  t.teardown(() => child.process.kill('SIGKILL'))
  return {
    platform,
    calls,
    child,
    stop: (grace, stopArgv) => stopChild(child, { stopArgv, env, grace, clock: systemClock, run: 'none', port: undefined }, platform)
  }
}

t.test('a server is asked by taskkill, and ended with its tree after the grace', async (t) => {
  const { stop, child: { pid }, calls } = await start(t)
  const startedAt = performance.now()
  await stop(300)
  t.ok(performance.now() - startedAt >= 290, 'the whole grace')
  t.strictSame(calls, [`taskkill /t /pid ${pid}`, `taskkill /f /t /pid ${pid}`])
  t.notOk(isAlive(pid))
})

t.test('one that ends when it is asked is not forced', async (t) => {
  const { stop, child: { pid }, calls } = await start(t, { asked: (pid) => Number(!process.kill(pid, 'SIGTERM')) })
  await stop(LONG)
  t.strictSame(calls, [`taskkill /t /pid ${pid}`])
})

t.test('a console program cannot be asked: it is ended at once, not after the grace', async (t) => {
  const { stop, child: { pid }, calls } = await start(t, { asked: () => 1 })
  await stop(LONG)
  t.strictSame(calls, [`taskkill /t /pid ${pid}`, `taskkill /f /t /pid ${pid}`])
})

t.test('a stop without grace forces at once', async (t) => {
  const { stop, child: { pid }, calls } = await start(t)
  await stop(0)
  t.strictSame(calls, [`taskkill /f /t /pid ${pid}`])
})

t.test('a pid that taskkill does not find is not asked for again', async (t) => {
  const { run, calls } = recorder(() => 128)
  createWindows({ run }).signalGroup(42, 'SIGTERM')
  await new Promise(setImmediate)
  t.strictSame(calls, ['taskkill /t /pid 42'])
})

t.test('what has exited is not killed: its pid may be another\'s', async (t) => {
  const { stop, child, calls } = await start(t)
  process.kill(child.pid, 'SIGKILL')
  await child.exit
  await stop(0)
  await stop(LONG)
  t.strictSame(calls.filter((call) => call.includes('/f')), [])
})

t.test('cmdStop takes the place of the question; when it fails, the question follows', async (t) => {
  const good = await start(t)
  await good.stop(LONG, ['sh', '-c', 'kill -TERM $0', '${PID}'])
  t.strictSame(good.calls, [])
  const bad = await start(t, { asked: () => 1 })
  await bad.stop(LONG, ['false'])
  t.strictSame(bad.calls, [`taskkill /t /pid ${bad.child.pid}`, `taskkill /f /t /pid ${bad.child.pid}`])
  const hanging = await start(t)
  await hanging.stop(200, ['sleep', '600'])
  t.match(hanging.calls[0], /^taskkill \/f \/t \/pid /, 'after the grace the command is ended')
  t.notMatch(hanging.calls[0], String(hanging.child.pid))
  t.equal(hanging.calls.at(-1), `taskkill /f /t /pid ${hanging.child.pid}`)
})

t.test('at the exit of the gateway all trees are ended by one command', async (t) => {
  const calls: string[] = []
  const { endAtExit } = createWindows({ runSync: (program, args) => { calls.push([program, ...args].join(' ')) } })
  endAtExit([], true)
  endAtExit([7, 42], true)
  endAtExit([9], false)
  t.strictSame(calls, ['taskkill /f /t /pid 7 /pid 42', 'taskkill /f /t /pid 9'])
})

// -- The guard, a Node process here as there, with other programs in the place of taskkill and PowerShell -----------

/** What the guard has ended, and what stop commands it has run, once it is over. */
async function guardEnds (t: Test, listing: string | undefined, tell: (guard: ReturnType<typeof createWindowsGuard>, said: string) => string[]): Promise<{ taskkill: string[], said: string[] }> {
  const folder = t.testdir({ list: listing ?? '', taskkill: '#!/bin/sh\necho "$@" >>"${0%/*}/ended"\n', powershell: '#!/bin/sh\ncat "${0%/*}/list"\n' })
  const file = (name: string): string => join(folder, name)
  const lines = (name: string): string[] => existsSync(file(name)) ? readFileSync(file(name), 'utf8').split('\n').slice(0, -1) : []
  for (const name of ['taskkill', 'powershell']) chmodSync(file(name), 0o755)
  const guard = createWindowsGuard({ taskkill: file('taskkill'), powershell: file(listing === undefined ? 'none' : 'powershell') })
  const { write, close } = startGuard(t, guard)
  for (const line of tell(guard, file('said'))) write(line)
  await close()
  return { taskkill: lines('ended'), said: lines('said') }
}

const server = { startTime: undefined, stopArgv: undefined }

t.test('the guard ends a server and what it has started, wherever its parents have gone', async (t) => {
  const { taskkill } = await guardEnds(t, [
    '4 0 1000',
    '100 50 9990',    // a server
    '110 100 10500',  // its child
    '120 110 90000',  // its child's child
    '210 200 20500',  // the child of a server that is gone
    '300 50 99999',   // has the pid of a server, and is younger: recycled
    '410 400 5000',   // older than the server whose child it would be: that pid was another's before
    '500 50 9000',    // nobody's
    '610 600 9999'    // the child of a server that was taken back
  ].join('\r\n'), ({ add, remove }) => [
    add(100, { ...server, since: 10_000 }), add(200, { ...server, since: 20_000 }), add(300, { ...server, since: 10_000 }),
    add(400, { ...server, since: 10_000 }), add(600, { ...server, since: 9000 }), remove(600)
  ])
  t.equal(taskkill.length, 1)
  t.match(taskkill[0]!, /^\/f \/t /)
  t.strictSame(new Set(taskkill[0]!.match(/\d+/g)!.map(Number)), new Set([100, 110, 120, 210]))
})

t.test('the guard runs stop commands first, also for a server that is gone', async (t) => {
  const startedAt = performance.now()
  const { said } = await guardEnds(t, '', ({ add }, said) => [
    add(42, { startTime: undefined, since: 1, stopArgv: ['sh', '-c', `echo "$0" "$1" >>"${said}"`, '${PID}', 'two  "words"'] }),
    add(43, { startTime: undefined, since: 1, stopArgv: ['surely-no-such-program'] })
  ])
  t.strictSame(said, ['42 two  "words"'])
  t.ok(performance.now() - startedAt >= 1000, 'and gives them a second')
})

t.test('without a list of processes the guard ends none', async (t) => {
  t.strictSame((await guardEnds(t, undefined, ({ add }) => [add(process.pid, { ...server, since: Date.now() })])).taskkill, [])
  t.strictSame((await guardEnds(t, 'access denied\n', ({ add }) => [add(process.pid, { ...server, since: Date.now() })])).taskkill, [])
})

t.test('a guard without servers has nothing to do', async (t) => {
  t.strictSame((await guardEnds(t, '42 1 1', ({ add, remove }) => [add(42, { ...server, since: 1 }), remove(42)])).taskkill, [])
})

// -- Ports -----------------------------------------------------------------------------------------------------------

const NETSTAT = [
  '',
  'Aktive Verbindungen',
  '',
  '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
  '  TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN          1244',
  '  TCP    127.0.0.1:5800         0.0.0.0:0              ABHÖREN          4242',
  '  TCP    127.0.0.1:5800         127.0.0.1:52413        HERGESTELLT      4242',
  '  TCP    127.0.0.1:52413        127.0.0.1:5800         HERGESTELLT      777',
  '  TCP    [::1]:5800             [::]:0                 ABHÖREN          4242',
  '  TCP    [::]:15800             [::]:0                 ABHÖREN          888',
  '  UDP    0.0.0.0:5800           *:*                                     999',
  ''
].join('\r\n')

t.test('who listens on a port, whatever the language of the system', async (t) => {
  const { run, calls } = recorder((command) => command.startsWith('netstat') ? NETSTAT : '"llama-server.exe","4242","Console","1","1.234.567 K"\r\n')
  const windows = createWindows({ run })
  t.strictSame(await windows.listenersOf(5800), [4242])
  t.strictSame(await windows.listenersOf(580), [])
  t.equal(await describeListener(5800, windows), 'process 4242 (llama-server.exe)')
  t.equal(calls.at(-1), 'tasklist /fi PID eq 4242 /fo csv /nh')
  t.equal(await describeListener(1, windows), 'another process')
})

t.test('a name that tasklist does not tell is left out', async (t) => {
  const { run } = recorder((command) => command.startsWith('netstat') ? NETSTAT : 'INFO: No tasks are running which match the specified criteria.\r\n')
  t.equal(await describeListener(5800, createWindows({ run })), 'process 4242')
})

t.test('a start does not wait for commands whose answer could not be judged', async (t) => {
  const { run, calls } = recorder(() => NETSTAT)
  t.equal(await findStranger(5800, 1, createWindows({ run })), undefined)
  t.strictSame(calls, [])
})
