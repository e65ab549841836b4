// What is left on a POSIX system that nothing more is known of: groups, signals, and the shell that is the guard.
import './helper/plain-children.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../lib/clock.ts'
import { findInstance, findStrays } from '../lib/launcher/local/mark.ts'
import { platformFor, thisPlatform } from '../lib/launcher/local/platform/platform.ts'
import type { Platform } from '../lib/launcher/local/platform/platform.ts'
import { spawnChild } from '../lib/launcher/local/spawn.ts'
import { stopChild } from '../lib/launcher/local/stop.ts'
import { describeListener, findStranger } from '../lib/launcher/local/stranger.ts'
import { isAlive, until } from './helper/app.ts'
import { startGuard } from './helper/guard.ts'

const freebsd = platformFor('freebsd')
const env = { PATH: process.env['PATH'] ?? '' }

t.test('a group deaf to SIGTERM is killed, and the word of kill is taken for its end', async (t) => {
  const file = join(t.testdir({}), 'deaf')
  const platform: Platform = { ...freebsd, resolveProgram: thisPlatform.resolveProgram }
  const child = await spawnChild(['sh', '-c', `trap "" TERM; echo >${file}; while :; do sleep 0.1; done`], env, 'ignore', platform)
  t.teardown(() => child.process.kill('SIGKILL'))
  await until(() => existsSync(file))
  await stopChild(child, { stopArgv: undefined, env, grace: 200, clock: systemClock, run: 'none', port: undefined }, platform)
  t.strictSame(await child.exit, { signal: 'SIGKILL' })
  t.notOk(isAlive(child.pid))
})

t.test('the guard ends a group without knowing its start time', async (t) => {
  const child = await spawnChild(['sleep', '600'], env, 'ignore')
  t.teardown(() => child.process.kill('SIGKILL'))
  const { write, close } = startGuard(t, freebsd.guard)
  write(freebsd.guard.add(child.pid, { startTime: undefined, stopArgv: undefined, since: 0 }))
  await close()
  t.strictSame(await child.exit, { signal: 'SIGTERM' })
})

t.test('what cannot be told is nothing, not an error', async (t) => {
  t.strictSame(await findStrays('run', 1, undefined, freebsd), [])
  t.strictSame(await findInstance('instance', freebsd), [])
  t.equal(await findStranger(1, 1, freebsd), undefined)
  t.equal(await describeListener(1, freebsd), 'another process')
  t.strictSame(freebsd.underParentDeath('/bin/a', ['b']), ['/bin/a', ['b']])
})
