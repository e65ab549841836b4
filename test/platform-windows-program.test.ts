// How Windows would find programs, shown with files of this system.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { resolveWindowsProgram } from '../lib/launcher/local/platform/windows-program.ts'

t.test('programs are found by PATH and PATHEXT', async (t) => {
  const folder = t.testdir({ first: { 'both.cmd': '', 'tool.exe': { } }, second: {} })
  for (const name of ['second/both.exe', 'second/tool.exe', 'second/python3.12.exe', 'second/exact.bin', 'second/a.com', 'second/a.exe']) writeFileSync(join(folder, name), 'MZ')
  const inSecond = (name: string): string => join(folder, 'second', name)
  const PATH = `${join(folder, 'first')}:"${join(folder, 'second')}"::`
  for (const [word, file] of Object.entries({ tool: 'tool.exe', 'tool.exe': 'tool.exe', 'python3.12': 'python3.12.exe', 'exact.bin': 'exact.bin', a: 'a.com' })) {
    t.equal(await resolveWindowsProgram(word, { Path: PATH }), inSecond(file), word)
  }
  t.equal(await resolveWindowsProgram('a', { PATH, PathExt: '.EXE' }), inSecond('a.exe'))
  t.equal(await resolveWindowsProgram(inSecond('tool'), {}), inSecond('tool.exe'), 'a path needs no PATH')
  t.equal(await resolveWindowsProgram('both', { PATH: join(folder, 'second') }), inSecond('both.exe'))
})

t.test('why a program cannot be started, in words', async (t) => {
  const folder = t.testdir({ 'start.cmd': '@echo off\n', 'start2.BAT': '', 'text.exe': 'echo hello\n', 'script.exe': '#!/bin/sh\n', 'empty.exe': '' })
  writeFileSync(join(folder, 'linux.exe'), Buffer.from('\x7fELF'))
  mkdirSync(join(folder, 'folder.exe'))
  const env = { PATH: folder }
  const table: Array<[word: string, message: string]> = [
    ['start', `the program start is a batch file (${join(folder, 'start.cmd')}), which only a command interpreter can run: name the .exe that it starts, or write cmd /c before it`],
    ['start2.BAT', `the program start2.BAT is a batch file (${join(folder, 'start2.BAT')}), which only a command interpreter can run: name the .exe that it starts, or write cmd /c before it`],
    ['text', `the file text is no program: it does not start as one (${join(folder, 'text.exe')})`],
    ['empty', `the file empty is no program: it does not start as one (${join(folder, 'empty.exe')})`],
    ['script', `the file script is a script, which does not run here (${join(folder, 'script.exe')})`],
    ['linux', `the file linux is a Linux program (ELF), which does not run here (${join(folder, 'linux.exe')})`],
    ['folder', 'the program folder was not found in PATH; endings tried: .com .exe .bat .cmd'],
    [join(folder, 'absent'), `the program ${join(folder, 'absent')} was not found; endings tried: .com .exe .bat .cmd`],
    ['C:\\no\\such.exe', 'the program C:\\no\\such.exe was not found; endings tried: .com .exe .bat .cmd']
  ]
  for (const [word, message] of table) await t.rejects(resolveWindowsProgram(word, env), { message }, word)
  await t.rejects(resolveWindowsProgram('start', {}), { message: /not found in PATH/ })
})

t.test('the working directory is not searched', async (t) => {
  const folder = t.testdir({ 'planted.exe': 'MZ' })
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  await t.rejects(resolveWindowsProgram('planted', { PATH: '' }), { message: /not found in PATH/ })
  t.equal(await resolveWindowsProgram('./planted', {}), join(folder, 'planted.exe'))
})
