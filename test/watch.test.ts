import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { takeSnapshot } from '../lib/cli/snapshot.ts'
import { watchFiles } from '../lib/cli/watch.ts'
import { until } from './helper/app.ts'

// Quicker than in earnest, since a look costs nothing.
const EVERY = 25
/** So long nothing may happen, where nothing should. */
const A_WHILE = 12 * EVERY

/** Watches; `calls` counts. */
async function watch (t: Test, paths: string[], onChange: () => Promise<void> = async () => {}): Promise<{ calls: number, once (): Promise<void>, never (): Promise<void> }> {
  let expected = 0
  const world = {
    calls: 0,
    /** It is called back once, and no more. */
    async once () {
      expected++
      await until(() => world.calls >= expected)
      await world.never()
    },
    async never () {
      await sleep(A_WHILE)
      t.equal(world.calls, expected)
    }
  }
  const end = watchFiles(paths, await takeSnapshot(paths), async () => {
    world.calls++
    await onChange()
  }, EVERY)
  t.teardown(end)
  return world
}

t.test('nothing happens while nothing changes, and after the end', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'a' }), 'config.yaml')
  const paths = [file]
  let calls = 0
  const end = watchFiles(paths, await takeSnapshot(paths), async () => { calls++ }, EVERY)
  await sleep(A_WHILE)
  end()
  writeFileSync(file, 'b')
  await sleep(A_WHILE)
  t.equal(calls, 0)
})

t.test('a file that is written in place', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'a' }), 'config.yaml')
  const seen = await watch(t, [file])
  writeFileSync(file, 'b')
  await seen.once()
  writeFileSync(file, 'bb')
  await seen.once()
})

t.test('what was changed before the first look, since it was read', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'a' }), 'config.yaml')
  const loaded = await takeSnapshot([file])
  writeFileSync(file, 'b')
  let calls = 0
  t.teardown(watchFiles([file], loaded, async () => { calls++ }, EVERY))
  await until(() => calls === 1)
})

t.test('an editor that writes another file and renames it', async (t) => {
  const directory = t.testdir({ 'config.yaml': 'a' })
  const file = join(directory, 'config.yaml')
  const seen = await watch(t, [file])
  for (const text of ['b', 'c']) {
    writeFileSync(join(directory, '.config.yaml.tmp'), text)
    renameSync(join(directory, '.config.yaml.tmp'), file)
    await seen.once()
  }
})

t.test('another file of the same size and time', async (t) => {
  const directory = t.testdir({ 'config.yaml': 'a' })
  const file = join(directory, 'config.yaml')
  utimesSync(file, 1000, 1000)
  const seen = await watch(t, [file])
  writeFileSync(join(directory, 'new'), 'b')
  utimesSync(join(directory, 'new'), 1000, 1000)
  renameSync(join(directory, 'new'), file)
  await seen.once()
})

t.test('a ConfigMap: the link to the directory of the files is swapped', async (t) => {
  const directory = t.testdir({ one: { 'config.yaml': 'a', 'more.yaml': 'a' } })
  symlinkSync('one', join(directory, '..data'))
  for (const name of ['config.yaml', 'more.yaml']) symlinkSync(join('..data', name), join(directory, name))
  const swap = (to: string): void => {
    mkdirSync(join(directory, to))
    for (const name of ['config.yaml', 'more.yaml']) writeFileSync(join(directory, to, name), to)
    symlinkSync(to, join(directory, '..data_tmp'))
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
  }
  const asFile = await watch(t, [join(directory, 'config.yaml')])
  const asDirectory = await watch(t, [directory])
  swap('two')
  await Promise.all([asFile.once(), asDirectory.once()])
  rmSync(join(directory, 'one'), { recursive: true })
  await Promise.all([asFile.never(), asDirectory.never()])
  swap('three')
  await Promise.all([asFile.once(), asDirectory.once()])
})

t.test('an editor that empties the file and writes it piece by piece: one call, when it is whole', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'models: {}' }), 'config.yaml')
  const seen = await watch(t, [file])
  truncateSync(file)
  await seen.never()
  for (const part of ['models:\n', '  a:\n', '    cmd: x\n', '    ttl: 1\n']) {
    appendFileSync(file, part)
    // Less than the time between two looks: the file is never quiet.
    await sleep(EVERY / 5)
  }
  await seen.once()
})

t.test('deleted and created again: nothing until it is back', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'a' }), 'config.yaml')
  const seen = await watch(t, [file])
  unlinkSync(file)
  await seen.never()
  writeFileSync(file, 'b')
  await seen.once()
})

t.test('moved away and back', async (t) => {
  const directory = t.testdir({ etc: { 'config.yaml': 'a' } })
  const seen = await watch(t, [join(directory, 'etc/config.yaml')])
  renameSync(join(directory, 'etc'), join(directory, 'moved'))
  await seen.never()
  renameSync(join(directory, 'moved'), join(directory, 'etc'))
  // It is what was loaded.
  await seen.never()
  writeFileSync(join(directory, 'etc/config.yaml'), 'b')
  await seen.once()
})

t.test('a directory: files that come, change and go; not those that are no YAML', async (t) => {
  const directory = t.testdir({ 'a.yaml': 'a', 'notes.txt': 'x', sub: { 'c.yaml': 'c' } })
  const seen = await watch(t, [directory])
  writeFileSync(join(directory, 'b.yml'), 'b')
  await seen.once()
  writeFileSync(join(directory, 'b.yml'), 'bb')
  await seen.once()
  writeFileSync(join(directory, 'notes.txt'), 'changed')
  writeFileSync(join(directory, 'sub/c.yaml'), 'changed')
  writeFileSync(join(directory, '.a.yaml.swp'), 'x')
  await seen.never()
  unlinkSync(join(directory, 'b.yml'))
  await seen.once()
})

t.test('a directory that is empty or gone: nothing until it is filled again', async (t) => {
  const directory = t.testdir({ 'a.yaml': 'a' })
  const seen = await watch(t, [directory])
  unlinkSync(join(directory, 'a.yaml'))
  await seen.never()
  rmSync(directory, { recursive: true })
  await seen.never()
  mkdirSync(directory)
  writeFileSync(join(directory, 'a.yaml'), 'b')
  await seen.once()
})

t.test('a directory that was empty all along does not stand in the way of a file', async (t) => {
  const directory = t.testdir({ 'main.yaml': 'a', more: {} })
  const seen = await watch(t, [join(directory, 'main.yaml'), join(directory, 'more')])
  writeFileSync(join(directory, 'main.yaml'), 'b')
  await seen.once()
  writeFileSync(join(directory, 'more/b.yaml'), 'b')
  await seen.once()
})

t.test('a file and a directory together: one call for a change of both', async (t) => {
  const directory = t.testdir({ 'main.yaml': 'a', more: { 'b.yaml': 'b' } })
  const seen = await watch(t, [join(directory, 'main.yaml'), join(directory, 'more')])
  writeFileSync(join(directory, 'main.yaml'), 'aa')
  writeFileSync(join(directory, 'more/b.yaml'), 'bb')
  await seen.once()
})

t.test('what changes while it is called back is a change of its own', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'a' }), 'config.yaml')
  let written = 0
  const seen = await watch(t, [file], async () => {
    if (written++ === 0) writeFileSync(file, 'written meanwhile')
    await sleep(3 * EVERY)
  })
  writeFileSync(file, 'b')
  await until(() => seen.calls === 2)
  await sleep(A_WHILE)
  t.equal(seen.calls, 2)
})
