// Runs the test upstream by itself, as `upstreamCommand` says, and talks to it.
import './plain-children.ts'
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import type { UpstreamEvent, UpstreamOptions } from 'fastify-llama-swap/testing'

export interface Running {
  origin: string
  port: number
  child: ChildProcessByStdio<null, Readable, Readable>
  exited: Promise<[code: number | null, signal: string | null]>
  closed: Promise<unknown>
  stderr (): string
  events (): UpstreamEvent[]
  /** Waits until the event was recorded. */
  event (name: UpstreamEvent['event']): Promise<UpstreamEvent>
}

export type Json = Record<string, any>

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export async function until<T> (check: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + 15_000
  while (Date.now() < deadline) {
    const found = await check()
    if (found) return found
    await sleep(3)
  }
  throw new Error(`${what} did not happen`)
}

/** POSIX-style word splitting as far as the command needs it. */
export function split (command: string): string[] {
  const words = command.match(/"(?:\\.|[^"\\])*"|[^\s"]+/gs) ?? []
  return words.map((word) => word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/gs, '$1') : word)
}

/** Starts it in a process of its own, which ends with the test. */
export async function launch (t: Test, options: UpstreamOptions = {}, more = ''): Promise<Running> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'upstream-'))
  const record = join(folder, 'record.jsonl')
  const command = upstreamCommand({ record, ...options }).replace('${PORT}', String(options.port ?? port))
  const [file, ...args] = split(command + more)
  // A group of its own, so that the teardown also finds the grandchild.
  const child = spawn(file!, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], MARK: 'env' } })
  const exited = once(child, 'exit') as Running['exited']
  const closed = once(child, 'close')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  if (!options.logFlood) child.stdout.resume()
  t.teardown(async () => {
    endGroup(child.pid!, 'SIGKILL')
    await exited
    rmSync(folder, { recursive: true })
  })
  const events = (): UpstreamEvent[] => existsSync(record)
    ? readFileSync(record, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line))
    : []
  const event = (name: string): Promise<UpstreamEvent> => until(() => events().find((event) => event.event === name), name)
  return { origin: `http://127.0.0.1:${port}`, port, child, exited, closed, stderr: () => stderr, events, event }
}

export function endGroup (group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {}
}

export function exists (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export async function canConnect (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

export function milliseconds (from: UpstreamEvent, to: UpstreamEvent): number {
  return Number(BigInt(to.hrtime) - BigInt(from.hrtime)) / 1e6
}

export function post (origin: string, path: string, body: Json, signal?: AbortSignal): Promise<Response> {
  return fetch(origin + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, signal: signal ?? null })
}

/** What really came over the wire, and how it ended: `FIN` or the code of the error. */
export async function wire (port: number, path: string, body: Json): Promise<{ text: string, bytes: Buffer, end: string }> {
  const json = JSON.stringify(body)
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  let end = 'cut'
  socket.on('data', (data) => chunks.push(data))
  socket.on('end', () => { end = 'FIN' })
  socket.on('error', (error: NodeJS.ErrnoException) => { end = error.code! })
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`)
  await new Promise((resolve) => { socket.once('close', resolve) })
  const bytes = Buffer.concat(chunks)
  return { text: bytes.toString(), bytes, end }
}

export function sse (text: string): Json[] {
  return text.split('\n\n').flatMap((event) => {
    const data = /^data: (\{.*)$/m.exec(event)
    return data ? [JSON.parse(data[1]!)] : []
  })
}

export const chat = '/v1/chat/completions'
