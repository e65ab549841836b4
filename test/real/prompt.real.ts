import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { isAlive, until } from '../helper/app.ts'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const server = await serverOrSkip(t)
if (server !== undefined) {
  const files = models()
  // The default grace and 2 s. The server looks up only between two batches of the prompt, and one may take seconds.
  const STOP_BOUND = 12_000
  // The better part of a minute until the first word of an answer.
  const PROMPT = 'hello '.repeat(14_000)
  const endless = command(server, files.endless, { context: 16_384 })

  type Prompting = Awaited<ReturnType<typeof startPrompt>>
  const status = ({ app }: Prompting) => app.llamaSwap.status().models[0]!

  /** An app whose server is in the middle of a prompt. */
  async function startPrompt (t: Test, stream: boolean, setup: Parameters<typeof startReal>[2] = {}) {
    const test = await startReal(t, { endless }, setup)
    await test.app.llamaSwap.load('endless')
    const pid = test.app.llamaSwap.status().models[0]!.pid!
    const before = cpuTime(pid)
    const controller = new AbortController()
    const answer = readAnswer(test.chat('endless', { stream, max_tokens: 1, messages: [{ role: 'user', content: PROMPT }] }, { signal: controller.signal }))
    await until(() => answer.ended || cpuTime(pid) - before > 1)
    t.notOk(answer.ended)
    t.equal(answer.text, '', 'nothing of an answer yet')
    return { ...test, pid, answer, leave: () => controller.abort() }
  }

  /** The client was told: by status, or within the stream that had begun (some versions send its headers at once), and then by a cut. */
  function wasTold ({ status, text, error }: Answer, t: Test, code: string): void {
    if (status === 200) {
      t.match(text, new RegExp(`^data: \\{.*"code":"${code}"\\}\\}\\n\\n$`))
      t.ok(error, 'cut')
    } else {
      t.equal(status, 503)
      t.match(JSON.parse(text), { error: { code } })
      t.equal(error, undefined)
    }
  }

  for (const stream of [false, true]) {
    const kind = stream ? 'a stream' : 'an answer'
    const report = (what: string, since: number): void => console.error(`prompt of ${kind}: ${what} after ${(performance.now() - since).toFixed(0)} ms`)

    t.test(`a forced unload in the middle of the prompt of ${kind}: the client is told, and the process is gone`, async (t) => {
      const test = await startPrompt(t, stream)
      const since = performance.now()
      const unloaded = test.app.llamaSwap.unload('endless', { force: true })
      wasTold(await test.answer.end, t, 'unloaded')
      report('client told', since)
      await unloaded
      report('unloaded', since)
      t.ok(performance.now() - since < STOP_BOUND)
      t.notOk(isAlive(test.pid), 'the process is gone')
      t.match(status(test), { state: 'stopped', leases: 0 })
      await test.app.llamaSwap.load('endless')
      t.equal(status(test).state, 'ready', 'and it can be started again')
    })

    t.test(`close in the middle of the prompt of ${kind}: the same, within its bound`, async (t) => {
      const test = await startPrompt(t, stream, { drainTimeout: 300 })
      const since = performance.now()
      const closed = test.app.close()
      wasTold(await test.answer.end, t, 'closing')
      await closed
      report('closed', since)
      t.ok(performance.now() - since < 300 + STOP_BOUND)
      t.notOk(isAlive(test.pid), 'the process is gone')
    })

    t.test(`a client that leaves in the middle of the prompt of ${kind} frees the lease, and the server takes the next request`, async (t) => {
      const test = await startPrompt(t, stream)
      const since = performance.now()
      test.leave()
      await until(() => status(test).leases === 0)
      report('lease free', since)
      t.match(await test.answer.end, { error: { name: 'AbortError' } })
      // Its only slot: this is answered long before the prompt would have been worked through.
      const next = await test.chat('endless', { max_tokens: 1, messages: [{ role: 'user', content: 'hello' }] })
      report('slot free', since)
      t.equal(next.status, 200)
      await next.text()
      t.equal(status(test).pid, test.pid, 'the same server')
    })
  }
}

interface Answer {
  /** Whether its headers have come, its end has, or an error. */
  status?: number
  ended: boolean
  text: string
  error?: Error
  end: Promise<Answer>
}

function readAnswer (response: Promise<Response>): Answer {
  const answer: Answer = { ended: false, text: '', end: undefined! }
  const read = async (): Promise<void> => {
    const { status, body } = await response
    answer.status = status
    const decoder = new TextDecoder()
    for await (const chunk of body!) answer.text += decoder.decode(chunk as Uint8Array, { stream: true })
  }
  answer.end = read().catch((error: Error) => { answer.error = error }).then(() => {
    answer.ended = true
    return answer
  })
  return answer
}

/** Seconds of processor time that a process has used. */
function cpuTime (pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
