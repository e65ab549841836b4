import fc from 'fast-check'
import t from 'tap'
import { EmptyCommand, splitCommand, stripComments } from '../lib/config/command.ts'

// llama-swap's rules (reference section 1.4), and what three npm libraries get wrong (fastify.md B.2).
const table: Array<[rule: string, command: string, words: string[]]> = [
  ['space, tab and newline separate words', ' a  b\tc\nd\n\n e ', ['a', 'b', 'c', 'd', 'e']],
  ['CRLF is a line end', 'a\r\n  b\r\n# c\r\nd \\\r\n e\r\n', ['a', 'b', 'd', 'e']],
  ['a carriage return on its own is a character', 'a\rb', ['a\rb']],
  ['a line that starts with # is dropped', 'a\n# b c\n  \t# "d\ne', ['a', 'e']],
  ['# later in a line is a character', 'a # b #c d#e "#f"', ['a', '#', 'b', '#c', 'd#e', '#f']],
  ['a # line is dropped even within quotes, as lines come first', '"a\n#b\nc"', ['a\nc']],
  ['a backslash at the end of a line continues the command', 'a \\\n  --x 1 \\\n  --y', ['a', '--x', '1', '--y']],
  ['spaces after that backslash do not matter', 'a \\  \n b\\\t\nc', ['a', 'b', 'c']],
  ['a continued line does not grow together with the next', 'a\\\nb', ['a', 'b']],
  ['a backslash at the end of the last line is dropped', 'a b \\', ['a', 'b']],
  ['comments between continued lines', 'a \\\n# first \\\n  --x 1 \\\n# second\n --y', ['a', '--x', '1', '--y']],
  ['a backslash outside quotes escapes any character', 'a\\ b \\"c\\" \\\'d\\\' \\\\ \\e \\$f \\#', ['a b', '"c"', "'d'", '\\', 'e', '$f', '#']],
  ['an escaped space in an option', '--p=a\\ b', ['--p=a b']],
  ['within double quotes a backslash escapes $ ` " and itself', '"\\$ \\` \\" \\\\"', ['$ ` " \\']],
  ['within double quotes a backslash before anything else is a character', '"C:\\models\\n \\\'x"', ['C:\\models\\n \\\'x']],
  ['double quotes within double quotes', 'a "say \\"hi\\"" b', ['a', 'say "hi"', 'b']],
  ['single quotes within double quotes', '"it\'s"', ["it's"]],
  ['within single quotes everything is a character', '\'a\\b "c" $d `e` \\\'', ['a\\b "c" $d `e` \\']],
  ['JSON in single quotes', '--kw \'{"a": "b c", "d": {}}\'', ['--kw', '{"a": "b c", "d": {}}']],
  ['quotes grow together with what they touch', 'a"b c"d\'e f\'g', ['ab cde fg']],
  ['empty quotes are an empty word', 'a "" \'\' b', ['a', '', '', 'b']],
  ['empty quotes within a word are nothing', 'a""b\'\'', ['ab']],
  ['quotes may span lines', '"a\nb" \'c\nd\'', ['a\nb', 'c\nd']],
  ['an unterminated quote ends with the command', 'a "b c', ['a', 'b c']],
  ['an unterminated single quote ends with the command', "a 'b  c ", ['a', 'b  c ']],
  ['variables are not expanded', '$HOME ${PORT} "$HOME" `id` $(id)', ['$HOME', '${PORT}', '$HOME', '`id`', '$(id)']],
  ['operators are characters', 'x|y > f && b; c & d < e || g', ['x|y', '>', 'f', '&&', 'b;', 'c', '&', 'd', '<', 'e', '||', 'g']],
  ['globs, braces and tildes are characters', '~/m *.gguf ? [ab] {a,b}', ['~/m', '*.gguf', '?', '[ab]', '{a,b}']],
  ['other spaces are characters', 'a\u00a0b \u3000', ['a\u00a0b', '\u3000']]
]

for (const [rule, command, words] of table) {
  t.test(rule, async (t) => t.strictSame(splitCommand(command, 'linux'), words))
}

// Only double quotes quote there.
const windows: Array<[rule: string, command: string, words: string[]]> = [
  ['space, tab and newline separate words', ' a  b\tc\nd ', ['a', 'b', 'c', 'd']],
  ['backslashes are characters', 'C:\\bin\\llama-server.exe -m D:\\m\\q.gguf', ['C:\\bin\\llama-server.exe', '-m', 'D:\\m\\q.gguf']],
  ['double quotes keep spaces', '"C:\\Program Files\\s.exe" -m "a b"', ['C:\\Program Files\\s.exe', '-m', 'a b']],
  ['single quotes are characters', "'a b' it's", ["'a", "b'", "it's"]],
  ['a backslash before a double quote makes a character of it', 'a \\"b c\\" "d \\"e\\" f"', ['a', '"b', 'c"', 'd "e" f']],
  ['two backslashes before a double quote are one', '"C:\\models\\\\" b', ['C:\\models\\', 'b']],
  ['three before a double quote are one and a double quote', '"a\\\\\\"b"', ['a\\"b']],
  ['a backslash before a space is a character', 'a\\ b', ['a\\', 'b']],
  ['quotes grow together with what they touch', 'a"b c"d', ['ab cd']],
  ['empty quotes are an empty word', 'a "" b', ['a', '', 'b']],
  ['an unterminated quote ends with the command', 'a "b c', ['a', 'b c']],
  ['comments and continued lines, as everywhere', '# x\na ^\n  b \\\n  --c', ['a', '^', 'b', '--c']],
  ['nothing is expanded', '%PATH% $HOME ${PORT} *', ['%PATH%', '$HOME', '${PORT}', '*']]
]
for (const [rule, command, words] of windows) {
  t.test(`Windows: ${rule}`, async (t) => t.strictSame(splitCommand(command, 'win32'), words))
}

t.test('Windows: words come back as they were, quoted as its programs expect', async (t) => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', "'", '\t') })
  const quote = (text: string): string => `"${text.replace(/(\\*)("|$)/g, (_match, slashes: string, end: string) => slashes + slashes + (end === '"' ? '\\"' : ''))}"`
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), (words) => {
    t.strictSame(splitCommand(words.map(quote).join(' ') + ' end', 'win32'), [...words, 'end'])
  }))
})

t.test('a command as people write it', async (t) => {
  const command = `
    # the big one
    /opt/llama-server \\
      --port \${PORT} \\
      # --verbose
      -m "/models/with space/q4.gguf" \\
      --chat-template-kwargs '{"enable_thinking": false}' \\
      --alias "\${MODEL_ID}"
  `
  t.strictSame(splitCommand(command), [
    '/opt/llama-server', '--port', '${PORT}', '-m', '/models/with space/q4.gguf',
    '--chat-template-kwargs', '{"enable_thinking": false}', '--alias', '${MODEL_ID}'
  ])
})

for (const [what, command] of Object.entries({ 'no characters': '', 'only spaces': ' \n\t\r\n ', 'only comments': '# a\n  # b \\', 'only continued lines': '\\\n \\' })) {
  t.test(`${what}: refused as empty`, async (t) => t.throws(() => splitCommand(command), new EmptyCommand()))
}

t.test('words in single quotes come back as they were', async (t) => {
  const word = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\r\n', '\n')).filter((text) => !/^\s*#|\n\s*#|\\\s*(\n|$)/.test(text))
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), (words) => {
    t.strictSame(splitCommand(words.map(quote).join(' ')), words)
  }))
})

t.test('stripComments drops whole-line comments and nothing else', async (t) => {
  t.equal(stripComments('a # b\n# ${C}\n  # d\n"e\n" \\'), 'a # b\n"e\n" \\')
  t.equal(stripComments('# only'), '')
})
