// What tap prints: a line for each file, all that is known about what failed, and the sum. tap's own short reporters lose their end where there is no terminal.
import { Transform } from 'node:stream'
import { Parser } from 'tap-parser'

export default class Report extends Transform {
  #parser = new Parser()
  #passed = 0
  #failed = 0
  #failedBefore = 0

  constructor () {
    super()
    this.#parser.on('pass', () => this.#passed++)
    this.#parser.on('fail', (result) => this.#fail(result))
    this.#parser.on('skip', ({ fullname, skip }) => this.#print(`skipped ${fullname}`, skip))
    this.#parser.on('todo', ({ fullname, todo }) => this.#print(`todo ${fullname}`, todo))
    this.#parser.on('bailout', (reason) => this.#print('bailed out', reason))
    // Only files are at the top.
    this.#parser.on('assert', (result) => this.#file(result))
  }

  #print (line, reason) {
    this.push(typeof reason === 'string' && reason !== '' ? `${line} (${reason})\n` : `${line}\n`)
  }

  #fail ({ fullname, name, diag, tapError }) {
    if (fullname === name) return // at the top: #file has it
    this.#failed++
    this.#print(`\nFAILED ${fullname.endsWith(name) ? fullname : `${fullname} > ${name}`}`, tapError)
    for (const [key, value] of Object.entries(diag ?? {})) this.#print(detail(key, value))
    this.#print('')
  }

  #file ({ ok, name, time, diag }) {
    this.#print(`${ok ? 'ok' : 'FAILED'} ${name} ${Math.round(time ?? 0)} ms`)
    // A file that crashed has no failed check of its own.
    if (!ok && this.#failed === this.#failedBefore) {
      this.#failed++
      for (const key of ['exitCode', 'signal', 'expired']) if (diag?.[key] != null) this.#print(detail(key, diag[key]))
    }
    this.#failedBefore = this.#failed
  }

  _transform (chunk, encoding, done) {
    this.#parser.write(chunk)
    done()
  }

  _flush (done) {
    this.#parser.end()
    this.#print(`\n${this.#passed} passed, ${this.#failed} failed`)
    done()
  }
}

function detail (key, value) {
  if (key === 'at' && value) return `  at: ${value.fileName}:${value.lineNumber}:${value.columnNumber}`
  const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value)
  return text.includes('\n') ? `  ${key}:\n${text.replace(/^/gm, '    ')}` : `  ${key}: ${text}`
}
