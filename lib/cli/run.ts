import { isLoopback, parseAddress, urlOf } from './address.ts'
import { createApp } from './app.ts'
import { checkConfig } from './check.ts'
import { demoConfig } from './demo/config.ts'
import { demoGreeting } from './demo/greeting.ts'
import { watchExposure } from './exposure.ts'
import type { Flags } from './flags.ts'
import { watchTerminal } from './hang-up.ts'
import { listen } from './listen.ts'
import { createOutput } from './output.ts'
import { reload } from './reload.ts'
import { closeOnSignals } from './signals.ts'
import { takeSnapshot } from './snapshot.ts'
import { readTls } from './tls.ts'
import { nameAndVersion } from './version.ts'
import { watchFiles } from './watch.ts'

/** The command, from its start to its end. Rejects when it cannot do what it was asked to. */
export async function run (flags: Flags): Promise<void> {
  const wanted = parseAddress(flags.listen)
  const tls = flags.tls && await readTls(flags.tls)
  if (flags.check) return checkConfig(flags)

  const isDemo = flags.config.length === 0
  const output = createOutput(process.stdout, process.stderr)
  // Before the config is read: what is written after this is a change.
  const before = flags.watch ? await takeSnapshot(flags.config) : undefined
  const { strict, allowedHosts } = flags
  // Demos run side by side.
  const app = await createApp({ config: isDemo ? demoConfig() : flags.config, strict, tls, allowedHosts, ...(isDemo && { instance: `demo ${process.pid}` }) }, output)
  const say = (text: string): void => output.say(app, text)
  const hangUpMeans = watchTerminal()
  const closed = closeOnSignals(app, say, (close) => {
    // The demo has no file to read again.
    if (isDemo || hangUpMeans() === 'close') close()
    else void reload(app)
  })
  if (flags.watch) watchFiles(flags.config, before, () => reload(app))

  const address = await Promise.race([listen(app, wanted, { nextFree: isDemo }), closed])
  if (address === undefined) return
  if (!isLoopback(address)) watchExposure(app)
  const { models } = app.llamaSwap.status()
  const url = urlOf(address, tls !== undefined)
  if (isDemo) output.greet(demoGreeting(url))
  else say(`${nameAndVersion} listening at ${url} with ${models.length} ${models.length === 1 ? 'model' : 'models'} of ${flags.config.join(', ')}`)
  await closed
}
