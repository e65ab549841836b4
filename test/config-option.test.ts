import { realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { checkReadableAgain, defaultInstance } from '../lib/config/source/option.ts'

t.test('the default instance: the same over restarts, whatever the config holds by then', async (t) => {
  const directory = realpathSync(t.testdir({ 'a.yaml': '', conf: { 'b.yaml': '' } }))
  const [file, conf] = [join(directory, 'a.yaml'), join(directory, 'conf')]
  symlinkSync(file, join(directory, 'link.yaml'))
  t.equal(await defaultInstance(file), file)
  t.equal(await defaultInstance(relative(process.cwd(), file)), file)
  t.equal(await defaultInstance(join(directory, 'link.yaml')), file, 'through links')
  t.equal(await defaultInstance(conf), conf)
  const both = await defaultInstance([file, conf])
  t.equal(both, `${file}:${conf}`)
  writeFileSync(join(conf, 'c.yaml'), '')
  t.equal(await defaultInstance([conf, file]), both, 'in any order, with one file more')
  t.equal(await defaultInstance({ models: {} }), process.cwd())
  t.equal(await defaultInstance(join(directory, 'gone.yaml')), join(directory, 'gone.yaml'))
})

t.test('what can be read a second time: files and directories', async (t) => {
  const directory = t.testdir({ 'a.yaml': '' })
  await checkReadableAgain(join(directory, 'a.yaml'))
  await checkReadableAgain([directory, join(directory, 'missing.yaml')])
  await checkReadableAgain({ models: {} })
  await t.rejects(checkReadableAgain([directory, '/dev/null']), { code: 'FST_LS_CONFIG', message: /\/dev\/null: it is not a file/ })
})
