// macOS by the commands that it would run, and by what its ps and lsof print; where this system's own understand the same words, by running them.
import './helper/plain-children.ts'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../lib/clock.ts'
import { findInstance, findStrays } from '../lib/launcher/local/mark.ts'
import { createDarwin } from '../lib/launcher/local/platform/darwin.ts'
import { linux } from '../lib/launcher/local/platform/linux.ts'
import { platformFor, thisPlatform } from '../lib/launcher/local/platform/platform.ts'
import type { Platform } from '../lib/launcher/local/platform/platform.ts'
import { run } from '../lib/launcher/local/platform/run.ts'
import { spawnChild } from '../lib/launcher/local/spawn.ts'
import { stopChild } from '../lib/launcher/local/stop.ts'
import { describeListener, findStranger } from '../lib/launcher/local/stranger.ts'
import { isAlive, until } from './helper/app.ts'
import { startGuard } from './helper/guard.ts'
import { recorder } from './helper/recorder.ts'

const has = (program: string): boolean => (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)))
const withPs = { skip: has('ps') ? false : 'no ps here' }
const withLsof = { skip: has('lsof') ? false : 'no lsof here' }

/** macOS with this system's ps and lsof in the place of its own. The environment is not asked for: Linux's ps has no -E. */
const here = createDarwin(async (program, args) => args[0] === '-axEww' ? { code: 1, stdout: '' } : run(basename(program), args))

const STATS = `    1     1 Ss   Thu Jan  1 00:00:09 1970
  501   501 S+   Tue Nov  4 07:04:11 2025
  502   501 R    Tue Nov  4 07:04:12 2025
  503   501 Z    Tue Nov  4 07:04:12 2025
  600   600 SN   Wed Dec 31 23:59:59 2025
  601   600 UE   Wed Dec 31 23:59:59 2025
65000 65000 Ss   Tue Nov  4 07:04:20 2025
`
const at = (time: string): string => String(Date.parse(time) / 1000)

t.test('it is chosen on macOS', async (t) => {
  t.ok(platformFor('darwin').listProcesses)
  t.equal(platformFor('darwin').startTimeOf(process.pid), undefined, 'nothing that would have to wait')
})

// -- Processes -------------------------------------------------------------------------------------------------------

t.test('processes are listed by one ps', async (t) => {
  const { run, calls } = recorder(() => STATS)
  t.strictSame(await createDarwin(run).listProcesses!(), [
    { pid: 1, group: 1, state: 'Ss', startTime: '9' },
    { pid: 501, group: 501, state: 'S+', startTime: at('2025-11-04T07:04:11Z') },
    { pid: 502, group: 501, state: 'R', startTime: at('2025-11-04T07:04:12Z') },
    { pid: 503, group: 501, state: 'Z', startTime: at('2025-11-04T07:04:12Z') },
    { pid: 600, group: 600, state: 'SN', startTime: at('2025-12-31T23:59:59Z') },
    { pid: 601, group: 600, state: 'UE', startTime: at('2025-12-31T23:59:59Z') },
    { pid: 65000, group: 65000, state: 'Ss', startTime: at('2025-11-04T07:04:20Z') }
  ])
  t.strictSame(calls, ['/bin/ps -ax -o pid= -o pgid= -o stat= -o lstart='])
})

t.test('without ps nothing is known', async (t) => {
  t.equal(await createDarwin(recorder(() => ({ code: undefined, stdout: '' })).run).listProcesses!(), undefined)
})

t.test('the same from this system\'s ps as from /proc', withPs, async (t) => {
  const own = (await here.listProcesses!())!.find(({ pid }) => pid === process.pid)!
  const proc = (await linux.listProcesses!())!.find(({ pid }) => pid === process.pid)!
  t.equal(own.group, proc.group)
  t.ok(Math.abs(Number(own.startTime) * 1000 - performance.timeOrigin) < 60_000, 'in epoch seconds')
})

// -- Marks -----------------------------------------------------------------------------------------------------------

const ENVIRONMENTS = `    1 /sbin/launchd
  501 llama-server --port 5800 PATH=/bin LLAMA_SWAP_RUN=aaa LLAMA_SWAP_OWNER=400  /Users/me/my models/config.yaml HOME=/Users/me
  502 python -c print("LLAMA_SWAP_RUN=no") LLAMA_SWAP_RUN=aaa LLAMA_SWAP_OWNER=400  /Users/me/my models
  600 worker NAME=a b  c LLAMA_SWAP_OWNER=65000  /Users/me/my models/config.yaml LLAMA_SWAP_RUN=aaa
  601 (worker)
65000 node gateway.js HOME=/Users/me
`
const marked = createDarwin(recorder((command) => command.includes('-axEww') ? ENVIRONMENTS : STATS).run)

t.test('environments are told by one ps; values may hold spaces', async (t) => {
  const { run, calls } = recorder(() => ENVIRONMENTS)
  t.strictSame(await createDarwin(run).environmentsOf([502, 600, 601, 7]), new Map([
    [502, ['LLAMA_SWAP_RUN=aaa', 'LLAMA_SWAP_OWNER=400  /Users/me/my models']],
    [600, ['NAME=a b  c', 'LLAMA_SWAP_OWNER=65000  /Users/me/my models/config.yaml', 'LLAMA_SWAP_RUN=aaa']],
    [601, []]
  ]))
  t.strictSame(calls, ['/bin/ps -axEww -o pid= -o command='])
})

t.test('what has left a server\'s group is found by its mark', async (t) => {
  t.strictSame((await findStrays('aaa', 501, undefined, marked)).map(({ pid }) => pid), [600])
  t.strictSame(await findStrays('bbb', 501, undefined, marked), [])
})

t.test('leftovers of an instance are found, with owners that are gone, alive, or another process by now', async (t) => {
  const found = async (processes: string): Promise<unknown> => {
    const platform = createDarwin(recorder((command) => command.includes('-axEww') ? ENVIRONMENTS : STATS + processes).run)
    return (await findInstance('/Users/me/my models/config.yaml', platform)).map(({ stat, owned }) => [stat.pid, owned])
  }
  t.strictSame(await found(''), [[501, false], [600, true]], 'process 400 is gone; 65000 is older than its server')
  t.strictSame(await found('  400   400 Ss   Tue Nov  4 07:04:10 2025\n'), [[501, true], [600, true]])
  t.strictSame(await found('  400   400 Ss   Tue Nov  4 07:04:12 2025\n'), [[501, false], [600, true]], 'younger than its server: recycled')
  t.strictSame(await found('  400   400 Z    Tue Nov  4 07:04:10 2025\n'), [[501, false], [600, true]])
  t.strictSame((await findInstance('/Users/me/my models', marked)).map(({ stat }) => stat.pid), [502])
})

// -- Stop ------------------------------------------------------------------------------------------------------------

t.test('a group is signalled, and seen to be gone: zombies do not count', withPs, async (t) => {
  const file = join(t.testdir({}), 'pid')
  const platform: Platform = { ...here, resolveProgram: thisPlatform.resolveProgram }
  const child = await spawnChild(['sh', '-c', `sh -c 'trap "" TERM; echo $$ >${file}; while :; do sleep 0.1; done' & exec sleep 600`], { PATH: process.env['PATH'] }, 'ignore', platform)
  t.teardown(() => child.process.kill('SIGKILL'))
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('\n'))
  const deaf = Number(readFileSync(file, 'utf8'))
  await stopChild(child, { stopArgv: undefined, env: {}, grace: 300, clock: systemClock, run: 'none', port: undefined }, platform)
  t.strictSame(await child.exit, { signal: 'SIGTERM' })
  t.notOk(isAlive(deaf))
})

// -- The guard, as a shell runs it here ------------------------------------------------------------------------------

/** A group of its own: a shell deaf to SIGTERM, or one process. */
async function group (t: Test, script = 'exec sleep 600'): Promise<number> {
  const child = spawn('sh', ['-c', `echo up; ${script}`], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { try { process.kill(-child.pid!, 'SIGKILL') } catch { /* It is gone. */ } })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child.pid!
}

const { guard } = createDarwin()
const server = { startTime: undefined, stopArgv: undefined, since: 0 }

t.test('the guard ends what is left when the pipe closes, also what is deaf to SIGTERM', withPs, async (t) => {
  const [polite, deaf, gone] = [await group(t), await group(t, 'trap "" TERM; while :; do sleep 0.1; done'), await group(t)]
  const { write, close } = startGuard(t, guard)
  for (const pid of [polite, deaf, gone]) write(guard.add(pid, server))
  write(guard.remove(gone))
  await close()
  await until(() => !isAlive(polite) && !isAlive(deaf))
  t.ok(isAlive(gone), 'what it was told to forget is left alone')
})

t.test('the guard runs stop commands', withPs, async (t) => {
  const said = join(t.testdir({}), 'said')
  const pid = await group(t)
  const { write, close } = startGuard(t, guard)
  write(guard.add(pid, { ...server, stopArgv: ['sh', '-c', `echo "$0 $1" >'${said}'`, '${PID}', "it's"] }))
  await close()
  t.equal(readFileSync(said, 'utf8'), `${pid} it's\n`)
  await until(() => !isAlive(pid))
})

t.test('a pid that was recycled meanwhile, told by its start time, is left alone', async (t) => {
  const folder = t.testdir({ ps: '#!/bin/sh\nwhile [ "$1" != -p ]; do shift; done\necho "$2" >>"${0%/*}/asked"; cat "${0%/*}/$2" 2>/dev/null\n', asked: '' })
  chmodSync(join(folder, 'ps'), 0o755)
  const [recycled, same, unknown] = [await group(t), await group(t), await group(t)]
  const says = (pid: number, time: string): void => writeFileSync(join(folder, String(pid)), `${time}\n`)
  says(recycled, 'Tue Nov  4 07:04:11 2025    ')
  says(same, 'Tue Nov  4 07:04:11 2025    ')
  const { write, close } = startGuard(t, guard, `${folder}:${process.env['PATH']}`)
  for (const pid of [recycled, same, unknown]) write(guard.add(pid, server))
  await until(() => readFileSync(join(folder, 'asked'), 'utf8').split('\n').length > 3)
  says(recycled, 'Tue Nov  4 07:05:00 2025    ')
  await close()
  await until(() => !isAlive(same) && !isAlive(unknown))
  t.ok(isAlive(recycled))
})

// -- Ports -----------------------------------------------------------------------------------------------------------

t.test('a server that listens itself is told by one quick lsof', async (t) => {
  const { run, calls } = recorder(() => '501\n')
  t.equal(await findStranger(5800, 501, createDarwin(run)), undefined)
  t.strictSame(calls, ['/usr/sbin/lsof -a -p 501 -nP -iTCP:5800 -sTCP:LISTEN -t'])
})

t.test('an older process outside of the group is a stranger; a helper, or one of the group, is none', async (t) => {
  const stranger = async (leader: number, listeners: string): Promise<string | undefined> => findStranger(5800, leader, createDarwin(recorder((command) => {
    if (command.includes('lsof')) return command.includes('-p ') ? { code: 1 } : listeners
    return command.includes('ucomm') ? 'llama-server    \n' : STATS
  }).run))
  t.equal(await stranger(600, '501\n'), 'process 501 (llama-server)')
  t.equal(await stranger(501, '600\n'), undefined, 'younger')
  t.equal(await stranger(501, '502\n'), undefined, 'of the group')
  t.equal(await stranger(501, ''), undefined, 'nobody that lsof may see')
})

t.test('this system\'s lsof and ps say the same', { skip: withLsof.skip || withPs.skip }, async (t) => {
  const listener = createServer()
  await new Promise<void>((resolve) => { listener.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { listener.close() })
  const { port } = listener.address() as AddressInfo
  t.strictSame(await here.listenersOf(port), [process.pid])
  t.strictSame(await here.listenersOf(port, process.pid), [process.pid])
  t.equal(await describeListener(port, here), `process ${process.pid} (${readFileSync('/proc/self/comm', 'utf8').trim()})`)
})

// -- Programs --------------------------------------------------------------------------------------------------------

t.test('macOS programs and scripts run, those of others do not', async (t) => {
  const folder = t.testdir({ script: '#!/bin/sh\n' })
  const file = (name: string): string => join(folder, name)
  writeFileSync(file('macho'), Buffer.from('cffaedfe', 'hex'))
  writeFileSync(file('universal'), Buffer.from('cafebabe', 'hex'))
  writeFileSync(file('elf'), Buffer.from('\x7fELF'))
  for (const name of ['script', 'macho', 'universal', 'elf']) chmodSync(file(name), 0o755)
  for (const name of ['script', 'macho', 'universal']) t.equal(await here.resolveProgram(name, { PATH: folder }), file(name))
  await t.rejects(here.resolveProgram('elf', { PATH: folder }), { message: 'the file elf is a Linux program (ELF), which does not run here' })
})
