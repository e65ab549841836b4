// A gateway in a process of its own, to be killed: loads the models it is told, says their pids, then does as its last argument says.
import Fastify from 'fastify'
import llamaSwap from 'fastify-llama-swap'

const { apps, instance, then } = JSON.parse(process.argv[2])
const pids = []
for (const config of apps) {
  const app = Fastify()
  await app.register(llamaSwap, { config, instance, drainTimeout: 100 })
  await app.ready()
  const [model] = Object.keys(config.models)
  await app.llamaSwap.load(model)
  pids.push(app.llamaSwap.status().models.find((entry) => entry.model === model).pid)
}
console.log(JSON.stringify({ pids }))
if (then === 'throw') setTimeout(() => { throw new Error('uncaught') })
else if (then === 'exit') process.exit(3)
else setInterval(() => {}, 1000)
