// Every snippet of README.md and docs/ is run as it stands; test/helper/snippets.ts has the rules.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'node:util'
import t from 'tap'
import { parseFlags } from '../lib/cli/flags.ts'
import { loadConfig } from '../lib/config/load.ts'
import { isAlive } from './helper/app.ts'
import { blocksOf, furnish, pages, programsOf, readPage, root, runProgram, runTests, send, shellLines, testNames, typeProblems } from './helper/snippets.ts'

process.env.API_KEY = 'secret'

/** What programs below these headings print. */
const printed: Record<string, RegExp[]> = {
  fetch: [/upstream: { name: 'qwen'/],
  status: [/^true qwen stopped 0 0$/m],
  Events: [/^qwen: stopped -> starting \(request\) after \d+ ms$/m, /^qwen: ready -> stopping \(evicted by gemma\)/m, /^qwen made room for gemma in \d+ ms$/m],
  'Following the log': [/^loading qwen$/m],
  Errors: [/^FST_LS_MODEL_NOT_FOUND 404 .*"mistral"/m]
}

const { scripts, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string>, bin: Record<string, string> }

t.test('ts snippets type-check', async (t) => {
  t.strictSame(typeProblems(pages.flatMap((page) => programsOf(page)), t.testdir()), [])
})

for (const page of pages) {
  const blocks = blocksOf(page)
  const programs = programsOf(page)
  const configs = blocks.filter(({ language }) => language === 'yaml')
  // Of its own for each page and process.
  const startPort = 20_000 + Math.floor(Math.random() * 10_000)

  if (programs.length > 0) {
    t.test(`ts snippets of ${page} run`, async (t) => {
      for (const program of programs) {
        const { place, heading } = program.block
        await t.test(`${place} (${heading})`, async (t) => {
          const directory = t.testdir()
          furnish(directory, page, startPort)
          const tests = testNames(program)
          if (tests.length > 0) {
            const { output, code } = await runTests(program, directory)
            const passed = [...output.matchAll(/^ok \d+ - (.*)$/gm)].map(([, name]) => name)
            t.strictSame(passed, tests, output)
            t.equal(code, 0)
            return
          }
          const log = t.capture(console, 'log')
          const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => ({ name, listeners: process.listeners(name) }))
          t.teardown(() => {
            for (const { name, listeners } of signals) for (const added of process.listeners(name)) if (!listeners.includes(added)) process.removeListener(name, added)
          })
          const app = await runProgram(t, program, directory)
          const pids = new Set<number>()
          const notePids = (): void => { for (const { pid } of app.llamaSwap.status().models) if (pid !== undefined) pids.add(pid) }
          notePids()
          const output = log().map(({ args }) => format(...args)).join('\n')
          for (const pattern of printed[heading] ?? []) t.match(output, pattern)
          for (const call of program.calls) {
            const response = await send(call, app.listeningOrigin)
            const answer = await response.json()
            t.equal(response.ok, !('error' in Object(call.answer ?? {})), `${call.block.place} ${response.status}`)
            if (call.answer !== undefined) t.match(answer, call.answer as object, call.block.place)
            notePids()
          }
          await app.close()
          for (const pid of pids) t.notOk(isAlive(pid), `server ${pid} is gone`)
        })
      }
    })
  }

  if (configs.length > 0) {
    t.test(`yaml snippets of ${page} load without warnings`, async (t) => {
      for (const { text, place } of configs) {
        const directory = t.testdir({ 'config.yaml': text })
        const { warnings, config } = await loadConfig(join(directory, 'config.yaml'))
        t.strictSame(warnings.filter((warning) => !warning.endsWith('has no effect yet')), [], place)
        t.ok(config.models.size > 0, place)
      }
    })
  }

  t.test(`shell snippets of ${page} name what there is, and no block goes untested`, async (t) => {
    for (const block of blocks) {
      t.ok(['ts', 'yaml', 'sh', 'json', 'text'].includes(block.language), `${block.place} has a language that is tested`)
      for (const command of shellLines(block).flatMap((line) => line.split(' && '))) {
        if (!command.startsWith('curl ')) t.ok(isKnown(command), `${block.place} ${command}`)
      }
    }
  })
}

for (const page of [...pages, 'CONTRIBUTING.md']) {
  t.test(`links of ${page} lead somewhere`, async (t) => {
    for (const [, target] of readPage(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https:/.test(target!)) continue
      const [file, anchor] = target!.split('#')
      const path = file === '' ? page : join(page, '..', file!)
      t.ok(existsSync(join(root, path)), `${page}: ${target}`)
      if (anchor !== undefined) t.ok(anchorsOf(path).includes(anchor), `${page}: ${target}`)
    }
  })
}

/** Whether a command of a shell snippet is one that works in a checkout. */
function isKnown (command: string): boolean {
  const [program, ...words] = command.replace(/^([A-Z_]+=\S* )+/, '').split(/\s+/)
  if (program === 'npm') {
    const [verb, script] = words
    if (verb === 'ci') return existsSync(join(root, 'package-lock.json'))
    return (verb === 'run' ? script : verb)! in scripts
  }
  if (program === 'npx' && words[0] === 'tsx') return words.slice(1).every((file) => existsSync(join(root, file)))
  const [name, ...args] = program === 'npx' ? words : [program!, ...words]
  return name! in bin && parseFlags(args) !== undefined
}

function anchorsOf (page: string): string[] {
  return [...readPage(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}
