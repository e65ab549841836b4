import { Agent } from 'node:http'
import { until } from '../../helper/app.ts'
import type { Gateway } from './gateway.ts'
import { askInVain } from './large-requests.ts'

/** Waits until the gateway has seen all that was sent to it, and no request holds a server or a place in the queue. */
export async function settled (gateway: Gateway): Promise<void> {
  // Connections are accepted in their order: a request that was given up before this one is not news after it.
  for (let asked = 0; asked < 2; asked++) await askInVain(gateway.url, new Agent(), Buffer.from('{"model":"none"}'))
  await until(async () => (await gateway.call('status')).every(({ leases, waiting }) => leases === 0 && waiting === 0))
}
