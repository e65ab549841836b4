import { once } from 'node:events'
import { createGzip } from 'node:zlib'

/** Turns the parts of a body into what goes over the wire. */
export interface Coding {
  /** Whatever was added so far can be read at the other end once this is there. */
  add (text: string): Promise<string | Buffer>
  end (text: string): Promise<string | Buffer>
}

/** Leaves all as it is. */
export const identity: Coding = { add: async (text) => text, end: async (text) => text }

/** Compresses, flushing after each part. `gone` gives its memory back. */
export function gzipCoding (gone: AbortSignal): Coding {
  const gzip = createGzip()
  const ready: Buffer[] = []
  gzip.on('data', (data: Buffer) => ready.push(data))
  gone.addEventListener('abort', () => gzip.destroy(), { once: true })
  const take = (): Buffer => Buffer.concat(ready.splice(0))
  return {
    add: async (text) => {
      gzip.write(text)
      await new Promise<void>((resolve) => gzip.flush(() => resolve()))
      return take()
    },
    end: async (text) => {
      gzip.end(text)
      await once(gzip, 'end', { signal: gone })
      return take()
    }
  }
}
