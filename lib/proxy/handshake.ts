import type { IncomingMessage } from 'node:http'

/** Node's own mark, which its types lack: a request that offers to upgrade, and once it is handled, one for which Node has let go of the connection. */
export type UpgradingMessage = IncomingMessage & { upgrade: boolean | null }

/** Whether a request opens a WebSocket: a GET without a body, by HTTP/1.1. Any other offer to upgrade may be passed over, and is. */
export function isHandshake ({ method, httpVersion, headers }: IncomingMessage): boolean {
  return method === 'GET' && httpVersion === '1.1' && namesWebSocket(headers.upgrade) &&
    // Node refuses requests without one, but not upgrades.
    headers.host !== undefined &&
    headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}

/** Whether a request has become more than a request: its answer is a WebSocket, or a refusal and the end of the connection. */
export function isUpgrade (request: IncomingMessage): boolean {
  return (request as UpgradingMessage).upgrade === true && isHandshake(request)
}

/** Whether an `Upgrade` header offers or announces a WebSocket. */
export function namesWebSocket (upgrade: string | undefined): boolean {
  return upgrade !== undefined && upgrade.split(',').some((name) => name.trim().toLowerCase() === 'websocket')
}
