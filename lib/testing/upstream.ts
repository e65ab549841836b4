// The upstream that misbehaves on demand: `node upstream.js --port 8080 --name a --load-ms 500`. See UpstreamOptions for its flags.
import { flood, fork, obeySigterm, say } from './life.ts'
import { listen } from './listen.ts'
import { fromFlags } from './options.ts'
import type { UpstreamOptions } from './options.ts'
import { recorder } from './record.ts'
import { createUpstream } from './server.ts'

function readOptions (): UpstreamOptions {
  try {
    return fromFlags(process.argv.slice(2))
  } catch (error) {
    say((error as Error).message)
    return process.exit(2)
  }
}

const options = readOptions()
const { name = 'upstream', listenAfterMs = 0, loadMs = 0 } = options
const started = performance.now()
const record = recorder(options.record, name)
record('start')
process.on('exit', (code) => record('exit', { code }))

/** Calls back so long after the start, never sooner: a Node timer alone may be early by a millisecond. */
function afterStart (ms: number, callback: () => void): void {
  const left = ms - (performance.now() - started)
  if (left <= 0) callback()
  else setTimeout(callback, Math.ceil(left) + 1)
}

let ready = false
const server = createUpstream(options, name, () => ready, record)
server.on('error', (error) => {
  say(error.message)
  process.exit(1)
})
obeySigterm(options, record, () => server.close())

if (options.say !== undefined) say(options.say)
if (options.forkHoldingPipes || options.forkIgnoresSigterm) {
  const child = await fork(options.forkIgnoresSigterm === true)
  record('fork', child === undefined ? {} : { child })
}
if (options.logFlood) flood()
if (options.exitCode !== undefined || options.exitAfterMs !== undefined) {
  afterStart(options.exitAfterMs ?? 0, () => process.exit(options.exitCode ?? 0))
}

afterStart(listenAfterMs, async () => {
  await listen(server, options)
  record('listen')
  if (options.neverReady) return
  afterStart(loadMs, () => {
    ready = true
    if ((options.healthStatus ?? 200) === 200 && !options.healthHang) record('ready')
  })
})
