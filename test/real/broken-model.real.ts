import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import type { LlamaSwapError } from '../../index.ts'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const server = await serverOrSkip(t)
if (server !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'broken-model-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const whole = readFileSync(models()['chat-a'])
  const broken: Record<string, string | Buffer | undefined> = {
    truncated: whole.subarray(0, whole.length / 2),
    'truncated within its head': whole.subarray(0, 1000),
    text: 'This is no model, but a note about where to find one.\n'.repeat(100),
    empty: '',
    missing: undefined
  }

  for (const [kind, content] of Object.entries(broken)) {
    t.test(`a model file that is ${kind}: the operator gets the server's own words, the client does not`, async (t) => {
      const file = join(folder, `${kind.replaceAll(' ', '-')}.gguf`)
      if (content !== undefined) writeFileSync(file, content)

      // Two apps: after a failure, a model cools down.
      const { app, chat, lines } = await startBroken(t, file)
      const error = await app.llamaSwap.load('broken').then(() => undefined, (error: LlamaSwapError) => error)
      t.match(error, { code: 'FST_LS_START_FAILED', message: /exited with code 1$/ })
      const { state, lastError, lastLines } = app.llamaSwap.status().models[0]!
      t.equal(state, 'stopped')
      // Whatever it is that this version says of the file.
      const words = lines.filter((line) => line.includes(file) && / E |fail|error/i.test(line))
      t.ok(words.length > 0, `it said: ${words[0]}`)
      t.ok(words.every((line) => lastLines.includes(line)), 'in lastLines')
      t.ok(words.every((line) => lastError!.includes(line)), 'in lastError')
      t.ok(words.every((line) => error!.detail!.includes(line)), 'in the error\'s detail')
      await clientIsTold(t, await chat('broken'), 503, lines)

      const fresh = await startBroken(t, file)
      await clientIsTold(t, await fresh.chat('broken'), 502, fresh.lines)
    })
  }

  /** An app with that model, and the lines of its log events. */
  async function startBroken (t: Test, file: string) {
    const test = await startReal(t, { broken: command(server!, file) })
    const lines: string[] = []
    test.app.llamaSwap.on('log', ({ line }) => { lines.push(line) })
    return { ...test, lines }
  }

  async function clientIsTold (t: Test, response: Response, status: number, lines: string[]): Promise<void> {
    const body = await response.text()
    t.equal(response.status, status)
    t.match(JSON.parse(body), { error: { message: /exited with code 1/ } })
    t.ok(lines.length > 0 && lines.every((line) => !body.includes(line)), 'no line that it printed')
    t.notMatch(body, /gguf|\//, 'no path')
  }
}
