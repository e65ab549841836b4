import { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { mock } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import { Client, Pool } from 'undici'

/** What this process uses of the system: each name with its count. */
export function counts (llamaSwap) {
  const counts = new Map()
  const count = (name, by = 1) => counts.set(name, (counts.get(name) ?? 0) + by)
  for (const kind of openFiles()) count(`open file: ${kind}`)
  for (const name of process.eventNames()) count(`process listener: ${String(name)}`, process.listenerCount(name))
  for (const name of ['state', 'swap', 'request', 'log']) count(`bus listener: ${name}`, busListeners(llamaSwap, name))
  for (const kind of process.getActiveResourcesInfo()) count(`active resource: ${kind}`)
  for (const child of children()) count(`child process: ${child}`)
  return Object.fromEntries(counts)
}

// Plain objects are too many and too changeable: every line that a server printed is one.
const classes = { AbortController, AbortSignal, Array, ChildProcess, Client, Function, Map, Pool, Promise, ServerResponse, Set, Socket }

/** How many objects of some kinds it holds. Takes seconds. */
export function objects () {
  return Object.fromEntries(Object.entries(classes).map(([name, constructor]) => [name, queryObjects(constructor, { format: 'count' })]))
}

/** Its memory after garbage collection, in bytes. */
export async function memory () {
  // What one collection finalizes, the next one frees.
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await delay(20)
  }
  return process.memoryUsage.rss()
}

function openFiles () {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, '').replace(/^\/proc\/\d+\/fd$/, '/proc/self/fd')
    } catch {
      return []
    }
  })
}

// The bus does not tell; but the set that a listener is put into can be seen while that happens.
function busListeners (llamaSwap, name) {
  const probe = () => {}
  const add = mock.method(Set.prototype, 'add')
  llamaSwap.on(name, probe)()
  const { this: listeners } = add.mock.calls.find(({ arguments: [value] }) => value === probe)
  mock.reset()
  return listeners.size
}

// Zombies among them, which have a state.
function children () {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const nameEnd = stat.lastIndexOf(')')
      const [state, parent] = stat.slice(nameEnd + 2).split(' ')
      if (Number(parent) !== process.pid) return []
      return `${stat.slice(stat.indexOf('('), nameEnd + 1)}${state === 'Z' ? ' zombie' : ''}`
    } catch {
      return []
    }
  })
}
