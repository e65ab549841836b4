import t from 'tap'
import { resolveIgnorePaths } from '../lib/config/routing/ignore-paths.ts'
import { lines } from './helper/resolution.ts'

const ignored = (patterns: string[] | undefined, path: string): boolean => resolveIgnorePaths(patterns).value.some((pattern) => pattern.test(path))

for (const [condition, patterns] of [['nothing', undefined], ['an empty list', []]] as const) {
  t.test(`the default: ${condition}`, async (t) => {
    for (const path of ['/app.js', '/a/b.css', '/x.json', '/favicon.ico', '/.txt', '/a.png', '/a.gif', '/a.jpg', '/a.jpeg']) t.ok(ignored(patterns && [...patterns], path), path)
    for (const path of ['/', '/v1/chat/completions', '/app.jsx', '/app.js/x', '/appjs', '/a.JS', '/a.html', '/app.js ']) t.notOk(ignored(patterns && [...patterns], path), path)
    t.strictSame(resolveIgnorePaths(patterns && [...patterns]).value.map(({ source }) => source), ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$'])
  })
}

for (const [condition, pattern, matching, others] of [
  ['anywhere in the path', 'b', ['/abc'], ['/aac']],
  ['anchors', '^/a$', ['/a'], ['/a/', 'x/a', '/a\n']],
  ['the empty pattern', '', ['', '/x'], []],
  ['\\A and \\z', '\\A/a\\z', ['/a'], ['/a\n']],
  ['$ with (?m)', '(?m)^/a$', ['/b\n/a'], ['/ab']],
  ['a flag at the start', '(?i)\\.PNG$', ['/a.png', '/A.Png'], ['/a.jpg']],
  ['a flag for a part', '/(?i:a)b', ['/Ab', '/ab'], ['/aB']],
  ['(?s)', '(?s)/a.b', ['/a\nb', '/axb'], []],
  ['. is no newline', '/a.b', ['/axb'], ['/a\nb']],
  ['(?U), lazy', '(?U)/a+$', ['/aa'], ['/b']],
  ['\\Q and \\E', '\\Qa.b+\\E$', ['/a.b+'], ['/axbb']],
  ['POSIX classes', '^/[[:alpha:]]+[[:digit:]]$', ['/abc1'], ['/ab-1', '/ab']],
  ['a negated POSIX class', '^/[[:^space:]]+$', ['/ab'], ['/a b']],
  ['Unicode classes', '^/\\pL+\\p{Greek}$', ['/éα'], ['/1α', '/éa']],
  ['a class of Unicode, negated', '^/\\PL$', ['/1'], ['/a']],
  ['named groups of both kinds', '(?P<a>x)(?<b>y)', ['/xy'], ['/yx']],
  ['\\d is ASCII', '^/\\d$', ['/1'], ['/٣']],
  ['\\w is ASCII', '^/\\w$', ['/a'], ['/é']],
  ['\\s has no vertical tab', '^/\\s$', ['/ ', '/\t'], ['/\v']],
  ['\\x{...}', '\\x{1F600}', ['/😀'], ['/x']],
  ['a sign of two code units is one character', '^/.$', ['/😀'], ['/ab']],
  ['a { that is no repetition', 'a{,2}', ['/a{,2}'], ['/aa']],
  ['a repetition', '^/a{2,3}$', ['/aa', '/aaa'], ['/a', '/aaaa']]
] as const) {
  t.test(`RE2: ${condition}`, async (t) => {
    t.strictSame(lines(resolveIgnorePaths([pattern])), [])
    for (const path of matching) t.ok(ignored([pattern], path), JSON.stringify(path))
    for (const path of others) t.notOk(ignored([pattern], path), JSON.stringify(path))
  })
}

for (const [condition, pattern, reason] of [
  ['look-ahead', '(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['negative look-ahead', '(?!a)', 'invalid or unsupported Perl syntax: `(?!`'],
  ['look-behind', '(?<=a)', 'invalid named capture: `(?<=a)`'],
  ['negative look-behind', '(?<!a)', 'invalid named capture: `(?<!a)`'],
  ['a back-reference', '(a)\\1', 'invalid escape sequence: `\\1`'],
  ['a named back-reference', '(?P<n>a)\\k<n>', 'invalid escape sequence: `\\k`'],
  ['\\Z', 'a\\Z', 'invalid escape sequence: `\\Z`'],
  ['\\u', '\\u0041', 'invalid escape sequence: `\\u`'],
  ['a parenthesis left open', '(', 'missing closing ): `(`'],
  ['a parenthesis too many', 'a)', 'unexpected ): `a)`'],
  ['a bracket left open', '[', 'missing closing ]: `[`'],
  ['nothing to repeat', '*a', 'missing argument to repetition operator: `*`'],
  ['repetition of a repetition', 'a**', 'invalid nested repetition operator: `**`'],
  ['too many repetitions', 'a{1001}', 'invalid repeat count: `{1001}`'],
  ['too many repetitions in all', '((a{100}){100}){100}', 'invalid repeat count: `{100}`'],
  ['an unknown class', '[[:foo:]]', 'invalid character class range: `[:foo:]`'],
  ['an unknown Unicode class', '\\p{Foo}', 'invalid character class range: `\\p{Foo}`'],
  ['a range backwards', '[z-a]', 'invalid character class range: `z-a`'],
  ['a backslash at the end', 'a\\', 'trailing backslash at end of expression']
] as const) {
  t.test(`refused: ${condition}`, async (t) => {
    const [problem, ...more] = lines(resolveIgnorePaths(['a', pattern]))
    t.ok(problem?.startsWith(`upstream.ignorePaths.1: invalid regular expression "${pattern}" (RE2 syntax): error parsing regexp: ${reason}`) === true, String(problem))
    t.strictSame(more, [])
  })
}

t.test('one bad pattern does not hide another, nor the good ones', async (t) => {
  const { value, problems } = resolveIgnorePaths(['(', '/a', '['])
  t.strictSame(problems.map(({ path }) => path), [['upstream', 'ignorePaths', 0], ['upstream', 'ignorePaths', 2]])
  t.strictSame(value.map(({ source }) => source), ['/a'])
})

t.test('no pattern takes more than linear time', async (t) => {
  const long = 'a'.repeat(50_000) + '!'
  for (const [pattern, path] of [
    ['(a+)+$', long], ['(a|a)+$', long], ['(a*)*b', long], ['^(([a-z])+.)+[A-Z]([a-z])+$', long], ['(.*)*x', long], ['a*a*a*a*a*a*b', long],
    ['(a?){30}a{30}$', long], ['(?i)(k+)+$', 'K'.repeat(50_000) + '!'], ['.*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$', '.'.repeat(50_000)]
  ] as const) {
    const start = performance.now()
    t.notOk(ignored([pattern], path), pattern)
    t.ok(performance.now() - start < 5000, `${pattern}: ${performance.now() - start} ms`)
  }
})

t.test('deep nesting is refused, not a crash', async (t) => {
  t.equal(lines(resolveIgnorePaths(['('.repeat(5000) + ')'.repeat(5000)])).length, 1)
  t.equal(lines(resolveIgnorePaths(['('.repeat(100_000)])).length, 1)
})

t.test('the default says the same as its source does to RE2', async (t) => {
  const [byDefault] = resolveIgnorePaths().value
  const [byRe2] = resolveIgnorePaths([byDefault!.source]).value
  for (const path of ['/a.js', '/a.jsonx', '/a\nb.css', '/a.css\n', '/a.css\nb', '.ico', 'ico', '/a.txt/', '/é.png', '/a.\u2028.gif', '/a.gif\u2028', '/a.PNG', '']) t.equal(byDefault!.test(path), byRe2!.test(path), encodeURI(path))
})
