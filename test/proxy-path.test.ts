import t from 'tap'
import { checkPath } from '../lib/proxy/path.ts'

const invalid = { code: 'FST_LS_PATH_INVALID', statusCode: 400 }

const fine: Array<[what: string, path: string]> = [
  ['a plain path', '/v1/chat/completions'],
  ['the root', '/'],
  ['a slash at the end', '/v1/'],
  ['double slashes', '//a///b'],
  ['escapes', '/a%20b/%E6%A8%A1/%2F'],
  ['escaped percent signs', '/100%25/%252e%252e/'],
  ['dots that are no segment', '/a.b/.c/d./...'],
  ['three dots', '/.../x'],
  ['characters beyond ASCII', '/模型'],
  ['a query with anything in it', '/a?x=../..&y=%zz&z=\\'],
  ['two question marks', '/a?b?/../c']
]

const refused: Array<[what: string, path: string]> = [
  ['nothing', ''],
  ['a query only', '?x'],
  ['no slash at the start', 'a/b'],
  ['the absolute form', 'http://other.example/a'],
  ['an authority', 'other.example:80'],
  ['an asterisk', '*'],
  ['..', '/a/../b'],
  ['.. at the end', '/a/..'],
  ['.. at the start', '../a'],
  ['..?', '/a/..?x'],
  ['.', '/a/./b'],
  ['. at the end', '/a/.'],
  ['an escaped ..', '/a/%2e%2e/b'],
  ['a half escaped ..', '/a/.%2E/b'],
  ['an escaped .', '/a/%2e'],
  ['.. between escaped slashes', '/a%2F..%2Fb'],
  ['.. all escaped', '/%2e%2e%2f%2e%2e'],
  ['a backslash', '/a\\..\\b'],
  ['a backslash alone', '/a\\b'],
  ['an escaped backslash', '/a%5Cb'],
  ['an escaped NUL', '/a%00b'],
  ['an escaped line end', '/a%0d%0aHost:x'],
  ['a broken escape', '/a%zz'],
  ['a cut escape', '/a%2'],
  ['a percent sign alone', '/100%'],
  ['bytes that are no UTF-8', '/%ff'],
  ['a slash in too many bytes', '/%c0%af']
]

for (const [what, path] of fine) t.test(`let through: ${what}`, async (t) => t.equal(checkPath(path), undefined))
for (const [what, path] of refused) t.test(`refused: ${what}`, async (t) => t.throws(() => checkPath(path), invalid))
