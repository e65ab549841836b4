// Reads README.md and docs/, and turns their snippets into programs that can be run. The rules that the pages follow:
//
// - A `ts` block that calls `Fastify(` is a program. Any other goes on from the first `ts` block of its page.
// - A program that imports `node:test` is run in a process of its own, and its tests must pass.
// - A `yaml` block whose first line is `# some-name.yaml` is the file of that name in the directory where programs run.
// - `llama-server` is a stand-in on the PATH: the test upstream, named after its model file.
// - The ports that the pages name become free ones.
// - A `sh` block of curl lines is sent to the program above it; a `json` block right below holds what must be in the answer.
import type { FastifyInstance } from 'fastify'
import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Server } from 'node:net'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import ts from 'typescript'
import { splitCommand } from '../../lib/config/command.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Ports that the pages name. */
const PORTS = new Set([3000, 8080])

export interface Block {
  /** The page and line of its fence, and the heading above it. */
  readonly place: string
  readonly heading: string
  readonly language: string
  readonly text: string
}

export interface Curl {
  readonly block: Block
  readonly url: URL
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string
}

export interface Call extends Curl {
  /** What must be in the answer. */
  readonly answer: unknown
}

export interface Program {
  readonly block: Block
  /** TypeScript, complete. */
  readonly source: string
  readonly calls: readonly Call[]
}

/** README.md and every page of docs/. */
export const pages: readonly string[] = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).sort().map((name) => `docs/${name}`)]

export function readPage (page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** The fenced blocks of a page. */
export function blocksOf (page: string): Block[] {
  const blocks: Block[] = []
  const lines = readPage(page).split('\n')
  let heading = ''
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(`{3,})(\w*)$/.exec(lines[i]!)
    heading = /^#+ (.*)$/.exec(lines[i]!)?.[1] ?? heading
    if (fence === null) continue
    const end = lines.indexOf(fence[1]!, i + 1)
    if (end === -1) throw new Error(`${page}:${i + 1}: the block is not closed`)
    blocks.push({ place: `${page}:${i + 1}`, heading, language: fence[2]!, text: lines.slice(i + 1, end).join('\n') })
    i = end
  }
  return blocks
}

/** The programs of a page, each with the calls that follow it. */
export function programsOf (page: string): Program[] {
  const blocks = blocksOf(page)
  const first = blocks.find(({ language }) => language === 'ts')
  const programs: Array<{ block: Block, source: string, calls: Call[] }> = []
  for (const [index, block] of blocks.entries()) {
    if (block.language === 'ts') {
      const source = block.text.includes('Fastify(') ? block.text : `${first!.text}\n${block.text}`
      programs.push({ block, source, calls: [] })
    }
    const next = blocks[index + 1]
    const answer: unknown = next?.language === 'json' ? JSON.parse(next.text) : undefined
    for (const curl of curlsOf(block)) programs.at(-1)?.calls.push({ ...curl, answer })
  }
  return programs
}

/** The lines of a shell block, continued ones joined, without comments. */
export function shellLines (block: Block): string[] {
  if (block.language !== 'sh') return []
  return block.text.replaceAll('\\\n', ' ').split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

function curlsOf (block: Block): Curl[] {
  return shellLines(block).filter((line) => line.startsWith('curl ')).map((line) => parseCurl(line, block))
}

/** Understands as much of curl as the pages use. `$NAME` is read from the environment. */
function parseCurl (line: string, block: Block): Curl {
  const [, ...words] = splitCommand(line.replace(/\$([A-Z_]+)/g, (_match, name: string) => process.env[name] ?? ''))
  let url: string | undefined
  let method: string | undefined
  let body: string | undefined
  const headers: Record<string, string> = {}
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-H') {
      const [name, value] = words.shift()!.split(/:\s*/, 2)
      headers[name!] = value!
    } else if (word === '-d') body = words.shift()
    else if (word === '-X') method = words.shift()
    else if (word.startsWith('-')) { if (!/^-[NsSi]+$/.test(word)) throw new Error(`${block.place}: curl ${word} is not known here`) } else url = word
  }
  if (url === undefined) throw new Error(`${block.place}: curl without a URL`)
  return { block, url: new URL(url), method: method ?? (body === undefined ? 'GET' : 'POST'), headers, ...(body !== undefined && { body }) }
}

/** Sends what a curl line says to where the program really listens. */
export function send ({ url, method, headers, body }: Curl, origin: string): Promise<Response> {
  return fetch(origin + url.pathname + url.search, { method, headers, ...(body !== undefined && { body }) })
}

/** Puts the files that programs find around them into a directory. Servers get port numbers from `startPort` on. */
export function furnish (directory: string, page: string, startPort: number): void {
  for (const { language, text } of blocksOf(page)) {
    const name = language === 'yaml' ? /^# (\S+\.yaml)$/m.exec(text.split('\n', 1)[0]!)?.[1] : undefined
    if (name !== undefined) writeFileSync(join(directory, name), /^startPort:/m.test(text) ? text : `${text}\nstartPort: ${startPort += 10}\n`)
  }
  mkdirSync(join(directory, 'bin'), { recursive: true })
  writeFileSync(join(directory, 'bin/llama-server'), standIn, { mode: 0o755 })
}

const standIn = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    --port) port=$2 ;;
    -m) name=$(basename "$2" .gguf) ;;
  esac
  shift
done
exec '${process.execPath}' '${join(root, 'dist/lib/testing/upstream.js')}' --port "$port" --name "$name" --say "loading $name"
`

/** Compiles a program into the directory; returns its file. */
function compile ({ source, block }: Program, directory: string): string {
  const file = join(directory, `${block.place.replace(/\W/g, '-')}.mjs`)
  const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: 'snippet.mts' })
  writeFileSync(file, outputText)
  return file
}

/** The names of the tests in a program of node:test. */
export function testNames ({ source }: Program): string[] {
  return source.includes("from 'node:test'") ? [...source.matchAll(/^test\('(.*)',/gm)].map(([, name]) => name!) : []
}

/** Runs the tests of such a program, in a furnished directory. Resolves with what it printed (TAP), and with the code it exited with. */
export function runTests (program: Program, directory: string): Promise<{ output: string, code: unknown }> {
  const env = { ...process.env, PATH: `${join(directory, 'bin')}${delimiter}${process.env.PATH}` }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--test-reporter=tap', compile(program, directory)], { cwd: directory, env }, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, code: error === null ? 0 : error.code })
    })
  })
}

/** Runs a program to the end of its text, in a furnished directory; returns its app, which listens. The app is closed when the test ends. */
export async function runProgram (t: Test, program: Program, directory: string): Promise<FastifyInstance> {
  const file = compile(program, directory)
  let app: FastifyInstance | undefined
  const created = (message: unknown): void => { app = (message as { fastify: FastifyInstance }).fastify }
  t.teardown(() => app?.close())
  subscribe('fastify.initialization', created)
  try {
    await inDirectory(directory, () => import(pathToFileURL(file).href))
  } finally {
    unsubscribe('fastify.initialization', created)
  }
  if (app === undefined) throw new Error(`${program.block.place} makes no app`)
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

/** Working directory, PATH and ports for the time that `run` takes. */
async function inDirectory<T> (directory: string, run: () => Promise<T>): Promise<T> {
  const { PATH } = process.env
  const cwd = process.cwd()
  const { listen } = Server.prototype
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const [options] = args as [{ port?: number } | undefined]
    if (options?.port !== undefined && PORTS.has(options.port)) args[0] = { ...options, port: 0 }
    return Reflect.apply(listen, this, args) as Server
  } as typeof listen
  process.env.PATH = `${join(directory, 'bin')}${delimiter}${PATH}`
  process.chdir(directory)
  try {
    return await run()
  } finally {
    process.chdir(cwd)
    process.env.PATH = PATH
    Server.prototype.listen = listen
  }
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true
}

/** Type-checks programs against the built package, as a user's compiler would; what is wrong, one line each. */
export function typeProblems (programs: readonly Program[], directory: string): string[] {
  const files = programs.map(({ source, block }) => {
    const file = join(directory, `${block.place.replace(/\W/g, '-')}.mts`)
    writeFileSync(file, source)
    return file
  })
  const program = ts.createProgram(files, { ...compilerOptions, noEmit: true })
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined ? '' : file.text.slice(0, start).split('\n').length
    return `${file?.fileName ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

/** The rows of the table below a heading that has these columns; each as its cells by column, without backticks. */
export function tableOf<Column extends string> (page: string, heading: string, ...columns: Column[]): Array<Record<Column, string>> {
  const lines = readPage(page).split('\n')
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (from === -1) throw new Error(`${page} has no heading "${heading}"`)
  const end = lines.findIndex((line, i) => i > from && /^#+ /.test(line))
  const section = lines.slice(from + 1, end === -1 ? undefined : end)
  const start = section.findIndex((line, i) => line.startsWith('|') && !section[i - 1]!.startsWith('|') && columns.every((column) => cells(line).includes(column)))
  if (start === -1) throw new Error(`${page} has no table with the columns ${columns.join(', ')} below "${heading}"`)
  const length = section.slice(start).findIndex((line) => !line.startsWith('|'))
  const [names, , ...rows] = section.slice(start, length === -1 ? undefined : start + length).map(cells)
  return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[names!.indexOf(column)] ?? ''])) as Record<Column, string>)
}

// A `\|` within a cell is a bar.
function cells (line: string): string[] {
  return line.replace(/^\|/, '').replace(/\|\s*$/, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|').replaceAll('`', ''))
}

/** The members of an interface, or the literals of a union (`Cause`, `RequestEvent.outcome`), in a file of types/. */
export function membersOf (file: string, path: string): string[] {
  const [name, property] = path.split('.')
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2023, true)
  for (const statement of source.statements) {
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === name) return literalsOf(statement.type)
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== name) continue
    if (property === undefined) return statement.members.flatMap((member) => member.name !== undefined && ts.isIdentifier(member.name) ? [member.name.text] : [])
    const member = statement.members.filter(ts.isPropertySignature).find((member) => member.name.getText() === property)
    return literalsOf(member!.type!)
  }
  throw new Error(`${file} has no ${path}`)
}

/** The members of an interface, each with its type and what is said about it, without backticks. */
export function documentedMembersOf (file: string, name: string): string[][] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2023, true)
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((statement) => statement.name.text === name)
  return found!.members.filter(ts.isPropertySignature).map((member) => {
    const comments = ts.getJSDocCommentsAndTags(member).map(({ comment }) => ts.getTextOfJSDocComment(comment))
    return [member.name.getText(), member.type!.getText(), comments.join(' ').replaceAll('`', '')]
  })
}

function literalsOf (type: ts.TypeNode): string[] {
  return ts.isUnionTypeNode(type) ? type.types.map((member) => member.getText().slice(1, -1)) : []
}
