import type { buildConnector } from 'undici'

type Connect = buildConnector.connector

/**
 * Connects to `localhost` where it was reached before: each event stream takes a connection of its own, and looking the name up, then
 * trying the address that the server does not listen on, costs more than connecting. Other names may move; these addresses do not.
 */
export function pinLocalhost (connect: Connect): Connect {
  let address: string | undefined
  return (to, done) => {
    if (to.hostname !== 'localhost' || to.protocol !== 'http:') return connect(to, done)
    connect(address === undefined ? to : { ...to, hostname: address }, (...result) => {
      address = result[1]?.remoteAddress
      done(...result)
    })
  }
}
