import { releasePort, reservePort } from '../../lib/launcher/local/port.ts'

/** A port that nobody listens on, out of a range from which the system hands out none by itself, nor the other tests. */
export async function quietPort (): Promise<number> {
  for (;;) {
    const wanted = 2000 + Math.floor(Math.random() * 3000)
    const port = await reservePort(wanted)
    releasePort(port)
    if (port === wanted) return port
  }
}
