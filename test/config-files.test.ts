// What a config file may be, and what it may not.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { readConfigFile } from '../lib/config/source/read.ts'
import { directoryOf, fileOf, loadYaml, problemsOf, yamlModel, yamlProblems } from './helper/config.ts'

const file = (name: string): string => join(directoryOf({}), name)

t.test('a file that is not there', async (t) => {
  const path = file('none.yaml')
  await t.rejects(loadConfig(path), { code: 'FST_LS_CONFIG', statusCode: 500, message: `invalid config: ${path}: there is no such file or directory; check the path` })
})

t.test('a path through a file', async (t) => {
  t.match(await problemsOf(join(fileOf(''), 'c.yaml')), [/c\.yaml: a part of the path is a file, not a directory; check the path$/])
})

t.test('a directory where a file is read', async (t) => {
  await t.rejects(readConfigFile(directoryOf({})), { message: /: it is a directory; name a file in it$/ })
})

t.test('a file or directory without permission', { skip: process.platform === 'win32' ? 'permissions are another thing there' : false }, async (t) => {
  const file = fileOf('models: {}')
  const directory = directoryOf({ 'a.yaml': '' })
  chmodSync(file, 0)
  chmodSync(directory, 0)
  // Root may read everything, so be somebody else.
  const isRoot = process.getuid!() === 0
  if (isRoot) process.seteuid!(65_534)
  t.teardown(() => {
    if (isRoot) process.seteuid!(0)
    chmodSync(directory, 0o700)
  })
  t.strictSame(await problemsOf(file), ['c.yaml: no permission to read it; make it readable for the user that the gateway runs as'])
  t.match(await problemsOf(directory), [/: no permission to read it;/])
})

t.test('links are followed; a circle of them is told', { skip: process.platform === 'win32' ? 'links need rights there' : false }, async (t) => {
  const directory = directoryOf({ real: yamlModel('name: x') })
  symlinkSync('real', join(directory, 'link.yaml'))
  t.equal((await loadConfig(directory)).config.models.get('a')!.name, 'x')
  symlinkSync('loop.yaml', join(directory, 'loop.yaml'))
  t.match(await problemsOf(directory), [/loop\.yaml: its symbolic links lead in a circle; check them$/])
})

t.test('a pipe', { skip: process.platform === 'win32' ? 'no mkfifo there' : false }, async (t) => {
  const path = file('pipe')
  execFileSync('mkfifo', [path])
  const loaded = loadConfig(path)
  await writeFile(path, yamlModel('name: x'))
  t.equal((await loaded).config.models.get('a')!.name, 'x')
})

t.test('a path with spaces and colons is told as it is', async (t) => {
  const folder = file('a b:c')
  mkdirSync(folder)
  await t.rejects(loadConfig(join(folder, 'x.yaml')), { message: `invalid config: ${join(folder, 'x.yaml')}: there is no such file or directory; check the path` })
})

t.test('a file of 10 MB is refused at once; one of 4 MiB is read', async (t) => {
  const line = `# ${'x'.repeat(97)}\n`
  const start = process.cpuUsage()
  t.strictSame(await yamlProblems(line.repeat(100_000)), ['c.yaml: it is larger than 4 MiB; a config of that size is a mistake, or belongs into several files of a directory'])
  t.ok(process.cpuUsage(start).user < 1_000_000)
  t.equal((await loadYaml(line.repeat(41_000) + yamlModel())).config.models.size, 1)
})

t.test('a device without end', { skip: process.platform === 'win32' ? 'no /dev there' : false }, async (t) => {
  t.match(await problemsOf('/dev/zero'), [/^\/dev\/zero: it is larger than 4 MiB;/])
})

t.test('what is not UTF-8', async (t) => {
  t.strictSame(await yamlProblems(Buffer.from('models:\n  é: x', 'latin1')), ['c.yaml:2:3: the file is not UTF-8; save it as UTF-8'])
  t.strictSame(await yamlProblems(Buffer.from([0xff])), ['c.yaml:1:1: the file is not UTF-8; save it as UTF-8'])
  t.match(await yamlProblems(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from([0x00, 0xd8])])), [/the file is not UTF-16LE/])
})

t.test('UTF-16 with a byte order mark, as Windows writes it', async (t) => {
  const text = yamlModel('name: é')
  const little = Buffer.from(`\ufeff${text}`, 'utf16le')
  for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(`\ufeff${text}`)]) t.equal((await loadConfig(fileOf(bytes))).config.models.get('a')!.name, 'é')
})

t.test('control characters', async (t) => {
  t.strictSame(await yamlProblems('models: {}\0'), ['c.yaml:1:11: the control character U+0000 is not allowed in YAML; remove it, or write it as "\\u0000"'])
  t.strictSame(await yamlProblems(yamlModel('name: "x\u001b[0m"')), ['c.yaml:4:13: the control character U+001B is not allowed in YAML; remove it, or write it as "\\u001b"'])
})

t.test('a file that is something else', async (t) => {
  t.match((await yamlProblems('{"models": {"a": }}'))[0], /./)
  t.equal((await loadYaml('{"models": {"a": {"cmd": "x ${PORT}"}}}')).config.models.size, 1, 'JSON is YAML')
})
