import './helper/plain-children.ts'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamEvent } from 'fastify-llama-swap/testing'
import { systemClock } from '../lib/clock.ts'
import { splitCommand } from '../lib/config/command.ts'
import { DEFAULT_INHERITED } from '../lib/launcher/local/environment.ts'
import { createLocalLauncher } from '../lib/launcher/local/local-launcher.ts'
import { releasePort, reservePort } from '../lib/launcher/local/port.ts'
import { thisPlatform } from '../lib/launcher/local/platform/platform.ts'
import type { Handle, Launcher, LaunchSpec, OutputLine } from '../types/launcher.ts'
import { isAlive, startPort, until } from './helper/app.ts'
import { quietPort } from './helper/quiet-port.ts'

// Longer than any test may take: what ends in time was not waited for.
const LONG = 600_000

function launcherFor (t: Test): Launcher {
  const launcher = createLocalLauncher({ clock: systemClock, inheritEnv: DEFAULT_INHERITED, instance: `test ${process.pid} ${t.name}`, onLeftovers: () => {}, onWarning: (_key, message) => t.fail(message) })
  t.teardown(async () => Promise.all((await launcher.list()).map((handle) => handle.stop(0))))
  return launcher
}

const spec = (cmd: string, more: Partial<LaunchSpec> = {}): LaunchSpec => ({ argv: splitCommand(cmd), env: [], proxy: 'http://localhost:${PORT}', preferredPort: startPort(), ...more })
const never = new AbortController().signal
const sh = (script: string): string => `sh -c '${script}' \${PORT}`

function launch (t: Test, ...args: Parameters<typeof spec>): Handle {
  return launcherFor(t).ensure(spec(...args), 'a', { signal: never })
}

/** Waits for a server that writes into a file when it is in place. */
const written = (file: string): Promise<void> => until(() => existsSync(file) && readFileSync(file, 'utf8').includes('\n'))
const recorded = (file: string): UpstreamEvent[] => existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as UpstreamEvent) : []
const listening = (file: string): Promise<void> => until(() => recorded(file).some(({ event }) => event === 'listen'))

// -- The port --------------------------------------------------------------------------------------------------------

t.test('the port is bound in command, environment, proxy and cmdStop', async (t) => {
  const folder = t.testdir({})
  const [told, stopped] = [join(folder, 'told'), join(folder, 'stopped')]
  const preferredPort = await quietPort()
  const handle = launch(t, sh(`echo "$0 $MY_PORT" >${told}; exec sleep 600`), {
    env: ['MY_PORT=${PORT}'],
    proxy: 'http://127.0.0.1:${PORT}/base/',
    stopArgv: splitCommand(`sh -c 'echo "$0 $1 $MY_PORT" >${stopped}; kill -TERM $1' \${PORT} \${PID}`),
    preferredPort
  })
  t.strictSame(await handle.endpoint(), { origin: `http://127.0.0.1:${preferredPort}`, basePath: '/base' })
  t.equal(handle.command.at(-1), String(preferredPort))
  await written(told)
  t.equal(readFileSync(told, 'utf8').trim(), `${preferredPort} ${preferredPort}`)
  await handle.stop(LONG)
  t.equal(readFileSync(stopped, 'utf8').trim(), `${preferredPort} ${handle.pid} ${preferredPort}`)
})

t.test('a server keeps its port from others while it lives, and gives it back when it ends', async (t) => {
  const preferredPort = await quietPort()
  const portOf = async (handle: Handle): Promise<number> => Number(new URL((await handle.endpoint()).origin).port)
  const first = launch(t, sh('exec sleep 600'), { preferredPort })
  t.equal(await portOf(first), preferredPort)
  const second = launch(t, sh('exec sleep 600'), { preferredPort })
  t.not(await portOf(second), preferredPort, 'though nobody listens there yet')
  await first.stop(LONG)
  const third = launch(t, sh('exec sleep 600'), { preferredPort })
  t.equal(await portOf(third), preferredPort)
})

t.test('a server with a port of its own keeps it', async (t) => {
  const handle = launch(t, 'sh -c "exec sleep 600"', { proxy: 'http://localhost:1234/v1' })
  t.strictSame(await handle.endpoint(), { origin: 'http://localhost:1234', basePath: '/v1' })
  t.strictSame(handle.command, ['sh', '-c', 'exec sleep 600'])
})

t.test('a launch that fails gives its port back', async (t) => {
  const preferredPort = await quietPort()
  await t.rejects(launch(t, 'surely-no-such-program ${PORT}', { preferredPort }).endpoint())
  t.equal(await reservePort(preferredPort), preferredPort)
  releasePort(preferredPort)
})

// -- Life ------------------------------------------------------------------------------------------------------------

t.test('states from launch to stop; the key is the server\'s as long as it lives', async (t) => {
  const launcher = launcherFor(t)
  const states: string[] = []
  const handle = launcher.ensure(spec(sh('exec sleep 600')), 'a', { signal: never, onState: (state) => states.push(state) })
  t.equal(handle.state, 'starting')
  t.equal(handle.pid, undefined)
  t.equal(launcher.ensure(spec(sh('exec sleep 600')), 'a', { signal: never }), handle, 'adopted')
  const other = launcher.ensure(spec(sh('exec sleep 600')), 'b', { signal: never })
  t.strictSame(await launcher.list(), [handle, other])
  await handle.endpoint()
  t.ok(isAlive(handle.pid!))
  t.equal(handle.state, 'running')
  await handle.stop(LONG)
  t.notOk(isAlive(handle.pid!))
  t.strictSame(states, ['running', 'stopping', 'exited'])
  t.strictSame(await handle.exited, { signal: 'SIGTERM', why: 'stopped' })
  t.strictSame(await launcher.list(), [other])
  t.not(launcher.ensure(spec(sh('exec sleep 600')), 'a', { signal: never }), handle, 'a new life')
})

t.test('a server that is being stopped is not adopted; a stop has ended when the exit is told', async (t) => {
  for (let round = 0; round < 20; round++) {
    const launcher = launcherFor(t)
    const handle = launcher.ensure(spec(sh('exec sleep 600')), 'a', { signal: never })
    await handle.endpoint()
    const stopped = handle.stop(0)
    await until(() => handle.state !== 'running')
    t.not(launcher.ensure(spec(sh('exec sleep 600')), 'a', { signal: never }), handle)
    await stopped
    t.equal(handle.state, 'exited', 'a zombie is gone before Node tells of its exit')
  }
})

t.test('an exit of its own is told with code or signal', async (t) => {
  const coded = launch(t, sh('exit 7'))
  t.strictSame(await coded.exited, { code: 7, why: 'crashed' })
  t.equal(coded.state, 'exited')
  await coded.stop(LONG)
  const killed = launch(t, sh('kill -KILL $$'))
  t.strictSame(await killed.exited, { signal: 'SIGKILL', why: 'crashed' })
})

t.test('stdout and stderr are told line by line, with stream and time, until the listener leaves', async (t) => {
  const file = join(t.testdir({}), 'go')
  const handle = launch(t, sh(`echo out; echo err >&2; printf "é no end"; until [ -e ${file} ]; do sleep 0.01; done; echo late`))
  const before = Date.now()
  const lines: OutputLine[] = []
  const all: OutputLine[] = []
  const end = handle.output((line) => lines.push(line))
  handle.output((line) => all.push(line))
  await until(() => lines.length === 2)
  t.strictSame(new Set(lines.map(({ stream, line }) => `${stream} ${line}`)), new Set(['stdout out', 'stderr err']))
  for (const { time } of lines) t.ok(time >= before && time <= Date.now())
  end()
  writeFileSync(file, '')
  await until(() => all.length === 3)
  t.equal(all[2]!.line, 'é no endlate')
  t.equal(lines.length, 2)
})

t.test('an aborted launch starts nothing', async (t) => {
  const reason = new Error('not wanted any more')
  const file = join(t.testdir({}), 'started')
  const controller = new AbortController()
  const handle = launcherFor(t).ensure(spec(sh(`echo x >${file}`)), 'a', { signal: controller.signal })
  controller.abort(reason)
  await t.rejects(handle.endpoint(), reason)
  t.strictSame(await handle.exited, { why: 'rejected', message: reason.message })
  await handle.stop(LONG)
  t.equal(handle.pid, undefined)
  t.notOk(existsSync(file))
})

t.test('a stop that comes before the spawn waits for it, and ends it', async (t) => {
  const handle = launch(t, sh('exec sleep 600'))
  await handle.stop(LONG)
  t.equal(handle.state, 'exited')
  t.notOk(isAlive(handle.pid!))
})

// -- Stop ------------------------------------------------------------------------------------------------------------

t.test('a stop without grace is SIGKILL', async (t) => {
  const record = join(t.testdir({}), 'record')
  const handle = launch(t, upstreamCommand({ record }))
  await listening(record)
  await handle.stop(0)
  t.strictSame(await handle.exited, { signal: 'SIGKILL', why: 'stopped' })
  t.notOk(recorded(record).some(({ event }) => event === 'sigterm'))
})

t.test('a deaf server is killed after the grace; a second stop without grace cuts it short', async (t) => {
  const record = join(t.testdir({}), 'record')
  const deaf = upstreamCommand({ ignoreSigterm: true, record })
  const patient = launch(t, deaf)
  await listening(record)
  await patient.stop(200)
  t.strictSame(await patient.exited, { signal: 'SIGKILL', why: 'stopped' })
  t.ok(recorded(record).some(({ event }) => event === 'sigterm'))
  const again = join(t.testdir({ other: {} }), 'other', 'record')
  const hurried = launch(t, upstreamCommand({ ignoreSigterm: true, record: again }))
  await listening(again)
  const stopping = hurried.stop(LONG)
  await until(() => recorded(again).some(({ event }) => event === 'sigterm'))
  await hurried.stop(0)
  await stopping
  t.strictSame(await hurried.exited, { signal: 'SIGKILL', why: 'stopped' })
})

t.test('a cmdStop that is missing, cannot run or fails gives way to SIGTERM at once, not after the grace', async (t) => {
  const folder = t.testdir({ script: '#!/bin/sh\n' })
  for (const [index, stop] of ['surely-no-such-program ${PID}', join(folder, 'script'), 'false', 'sh -c "exit 3"', 'sh -c "kill -KILL $$"'].entries()) {
    const record = join(folder, `record-${index}`)
    const handle = launch(t, upstreamCommand({ record }), { stopArgv: splitCommand(stop) })
    await listening(record)
    await handle.stop(LONG)
    t.strictSame(await handle.exited, { code: 0, why: 'stopped' }, stop)
    t.equal(recorded(record).filter(({ event }) => event === 'sigterm').length, 1)
  }
})

t.test('a grandchild that holds the pipes, deaf to SIGTERM, is ended', async (t) => {
  const record = join(t.testdir({}), 'record')
  const handle = launch(t, upstreamCommand({ forkIgnoresSigterm: true, record }))
  await listening(record)
  const { child } = recorded(record).find(({ event }) => event === 'fork')!
  t.ok(isAlive(child!))
  await handle.stop(300)
  t.strictSame(await handle.exited, { code: 0, why: 'stopped' }, 'the server itself ended well')
  t.notOk(isAlive(child!))
})

// -- Programs that cannot be started ---------------------------------------------------------------------------------

t.test('why a program cannot be started, in words', { skip: process.platform === 'win32' }, async (t) => {
  const folder = t.testdir({
    'not-executable': '#!/bin/sh\n',
    text: 'echo hello\n',
    empty: '',
    'no-interpreter': '#!/surely/no/such/interpreter -x\n',
    'nothing-named': '#!\necho\n',
    'windows-lines': '#!/bin/sh\r\nexit 0\r\n',
    'interpreter-is-a-folder': '#! /tmp\n',
    windows: 'MZ\u0000\u0000',
    good: '#!/bin/sh\nexit 0\n'
  })
  for (const name of ['text', 'empty', 'no-interpreter', 'nothing-named', 'windows-lines', 'interpreter-is-a-folder', 'windows', 'good']) chmodSync(join(folder, name), 0o755)
  mkdirSync(join(folder, 'folder'))
  const inFolder = (name: string): string => join(folder, name)
  const table: Array<[word: string, message: string]> = [
    ['surely-no-such-program', 'the program surely-no-such-program was not found in PATH'],
    [inFolder('absent'), `the program ${inFolder('absent')} was not found`],
    [inFolder('good/below'), `the program ${inFolder('good/below')} was not found`],
    [inFolder('folder'), `the program ${inFolder('folder')} is a directory`],
    [inFolder('not-executable'), `the program ${inFolder('not-executable')} is not executable`],
    ['not-executable', `the program ${inFolder('not-executable')} is not executable`],
    [inFolder('text'), `the file ${inFolder('text')} is no program: it starts neither as one nor with a "#!" line`],
    ['text', 'the file text is no program: it starts neither as one nor with a "#!" line'],
    [inFolder('empty'), `the file ${inFolder('empty')} is no program: it starts neither as one nor with a "#!" line`],
    [inFolder('no-interpreter'), `the script ${inFolder('no-interpreter')} cannot run: its interpreter /surely/no/such/interpreter was not found`],
    [inFolder('nothing-named'), `the script ${inFolder('nothing-named')} cannot run: its "#!" line names no interpreter`],
    [inFolder('windows-lines'), `the script ${inFolder('windows-lines')} cannot run: its lines end as on Windows, with a carriage return`],
    [inFolder('interpreter-is-a-folder'), `the script ${inFolder('interpreter-is-a-folder')} cannot run: its interpreter /tmp is a directory`],
    [inFolder('windows'), `the file ${inFolder('windows')} is a Windows program, which does not run here`]
  ]
  for (const [word, message] of table) {
    await t.rejects(thisPlatform.resolveProgram(word, { PATH: folder }), { message }, word)
    const handle = launch(t, `"${word}" \${PORT}`, { env: [`PATH=${folder}`] })
    await t.rejects(handle.endpoint(), { message }, word)
    t.strictSame(await handle.exited, { why: 'rejected', message })
    await handle.stop(LONG)
  }
  t.equal(await thisPlatform.resolveProgram('good', { PATH: `/surely/not:${folder}` }), inFolder('good'))
  t.equal(await thisPlatform.resolveProgram('good', { PATH: `${inFolder('folder')}:${folder}` }), inFolder('good'))
  t.equal(await thisPlatform.resolveProgram(inFolder('good'), {}), inFolder('good'), 'a path needs no PATH')
  await t.rejects(thisPlatform.resolveProgram('good', {}), { message: 'the program good was not found in PATH' })
})
