// The tarball as a user gets it: packed, unpacked into an empty project far from the checkout, with nothing beside it but what package.json declares.
import './helper/plain-children.ts'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

// npm and tsc are slow on a busy machine.
t.setTimeout(180_000)

interface Packed { filename: string, files: Array<{ path: string }> }

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

const project = await mkdtemp(join(tmpdir(), 'fastify-llama-swap-package-'))
t.teardown(() => rm(project, { recursive: true, force: true }))
const unpacked = join(project, 'node_modules', manifest.name)

/** What a program prints. Its failure shows everything that it printed. */
function run (cwd: string, command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${error.message}\n${stdout}`, { cause: stderr }))
    })
  })
}
const runNode = (...args: string[]) => run(project, process.execPath, ...args)

// No network: what `npm install` would fetch is linked from the checkout.
async function link (name: string): Promise<void> {
  const path = join(project, 'node_modules', name)
  await mkdir(dirname(path), { recursive: true })
  await symlink(join(root, 'node_modules', name), path)
}

const [packed] = JSON.parse(await run(root, 'npm', 'pack', '--json', '--pack-destination', project, '--ignore-scripts', '--offline')) as [Packed]
await mkdir(unpacked, { recursive: true })
await run(project, 'tar', '-xzf', packed.filename, '-C', unpacked, '--strip-components', '1')
for (const name of [...Object.keys(manifest.dependencies), 'fastify', 'typescript', '@types/node']) await link(name)

await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
await writeFile(join(project, 'tsconfig.json'), JSON.stringify({
  compilerOptions: { target: 'es2023', module: 'nodenext', types: ['node'], rootDir: '.', outDir: 'out', strict: true, skipLibCheck: false },
  include: ['*.ts', '*.cts']
}))
await writeFile(join(project, 'esm.ts'), `
import Fastify from 'fastify'
import llamaSwap, { llamaSwap as named } from 'fastify-llama-swap'
import type { LlamaSwap, LlamaSwapOptions, Status } from 'fastify-llama-swap'

const options: LlamaSwapOptions = { config: { models: {} } }
const app = Fastify()
await app.register(llamaSwap, options)
await app.ready()
const decorated: LlamaSwap = app.llamaSwap
const status: Status = decorated.status()
console.log(JSON.stringify({ same: llamaSwap === named, status }))
await app.close()
`)
await writeFile(join(project, 'commonjs.cts'), `
import Fastify = require('fastify')
import llamaSwap = require('fastify-llama-swap')

async function main () {
  const app = Fastify()
  await app.register(llamaSwap.default, { config: { models: {} } })
  await app.ready()
  console.log(JSON.stringify({ same: llamaSwap.default === llamaSwap.llamaSwap, status: app.llamaSwap.status() }))
  await app.close()
}
main()
`)
await writeFile(join(project, 'module-itself.cjs'), `
const app = require('fastify')()
const llamaSwap = require('fastify-llama-swap')

async function main () {
  await app.register(llamaSwap, { config: { models: {} } })
  await app.ready()
  console.log(JSON.stringify({ same: true, status: app.llamaSwap.status() }))
  await app.close()
}
main()
`)
await writeFile(join(project, 'serve.ts'), `
import Fastify from 'fastify'
import llamaSwap from 'fastify-llama-swap'
import { upstreamCommand } from 'fastify-llama-swap/testing'

const app = Fastify()
await app.register(llamaSwap, { config: { models: { tiny: { cmd: upstreamCommand({ name: 'tiny' }) } } } })
const response = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { model: 'tiny', messages: [] } })
console.log(JSON.stringify({ status: response.statusCode, model: response.json().model }))
await app.close()
`)

const empty = { same: true, status: { accepting: true, requiresKey: false, logLevel: 'info', profile: null, models: [], outgoing: [] } }

t.test('what is in the tarball', async (t) => {
  const files = packed.files.map(({ path }) => path)
  for (const path of ['LICENSE', 'README.md', 'package.json', 'index.ts', 'config.schema.json', 'dist/index.js', 'dist/index.d.ts', 'dist/index.js.map']) t.ok(files.includes(path), path)

  const sources: string[] = []
  for (const folder of ['lib', 'types']) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !entry.name.endsWith('.tst.ts')) sources.push(relative(root, join(entry.parentPath, entry.name)))
    }
  }
  const missing = sources.flatMap((path) => [path, `dist/${path.replace(/\.ts$/, '.js')}`, `dist/${path.replace(/\.ts$/, '.d.ts')}`]).filter((path) => !files.includes(path))
  t.same(missing, [], 'every source, its code and its declarations')

  t.same(files.filter((path) => !/^(dist|lib|types)\/|^(LICENSE|README\.md|config\.schema\.json|package\.json|index\.ts)$/.test(path)), [], 'nothing of the rest of the repository')
  t.same(files.filter((path) => /tsbuildinfo|\.tst\.|\.test\.|\.tgz$|^dist\/(test|examples|bench)\//.test(path)), [], 'no tests and no leftovers of the build')
})

t.test('it type-checks, with the declarations of its dependencies, for ESM and CommonJS', async (t) => {
  await runNode('node_modules/typescript/bin/tsc')
  t.pass()
})

t.test('ESM registers it', async (t) => {
  t.same(JSON.parse(await runNode('out/esm.js')), empty)
})

t.test('CommonJS registers it, by its default export or as the module that require() gives', async (t) => {
  t.same(JSON.parse(await runNode('out/commonjs.cjs')), empty)
  t.same(JSON.parse(await runNode('module-itself.cjs')), empty)
})

t.test('it serves a model', async (t) => {
  t.same(JSON.parse(await runNode('out/serve.js')), { status: 200, model: 'tiny' })
})

t.test('the command runs under plain node', async (t) => {
  const bin = join(unpacked, manifest.bin[manifest.name])
  t.match(await readFile(bin, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  t.equal((await runNode(bin, '--version')).trim().split(' ').at(-1), manifest.version)
})
