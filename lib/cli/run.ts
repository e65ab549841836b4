import { isLoopback, parseAddress, urlOf } from './address.ts'
import { createApp } from './app.ts'
import { demoConfig } from './demo/config.ts'
import { demoGreeting } from './demo/greeting.ts'
import { help, parseFlags } from './flags.ts'
import { listen } from './listen.ts'
import { createOutput } from './output.ts'
import { closeOnSignals } from './signals.ts'
import { nameAndVersion } from './version.ts'

/** The command, from its arguments to its end. Rejects when it cannot do what it was asked to. */
export async function run (args: readonly string[]): Promise<void> {
  const flags = parseFlags(args)
  if (flags.help) return console.log(help)
  if (flags.version) return console.log(nameAndVersion)

  const isDemo = flags.config === undefined
  const output = createOutput(process.stdout, process.stderr)
  const wanted = parseAddress(flags.listen)
  // Demos run side by side.
  const app = flags.config === undefined
    ? await createApp(demoConfig(), output, `demo ${process.pid}`)
    : await createApp(flags.config, output)
  const say = (text: string): void => output.say(app, text)
  const closed = closeOnSignals(app, say)

  const address = await Promise.race([listen(app, wanted, { nextFree: isDemo }), closed])
  if (address === undefined) return
  if (!isLoopback(address)) {
    app.log.warn('listening beyond this machine without keys: whoever can connect can use the models and see their commands at /running')
  }
  const { models } = app.llamaSwap.status()
  if (isDemo) output.greet(demoGreeting(urlOf(address)))
  else say(`${nameAndVersion} listening at ${urlOf(address)} with ${models.length} ${models.length === 1 ? 'model' : 'models'} of ${flags.config}`)
  await closed
}
