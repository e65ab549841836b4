import { openSync, readSync } from 'node:fs'
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION = 10
const MS = 1e6

// The kernel counts how long this process's first thread, which is the one of the event loop, was ready to run and had no CPU.
const schedstat = openSync('/proc/self/schedstat', 'r')
const text = Buffer.alloc(100)
function waitedForCpu () {
  return Number(text.toString('latin1', 0, readSync(schedstat, text, 0, text.length, 0)).split(' ')[1])
}

const monitor = monitorEventLoopDelay({ resolution: RESOLUTION })
const own = createHistogram()
let last
let lastWaited
let since
let waitedBefore

function sample () {
  const now = performance.now()
  const waited = waitedForCpu()
  own.record(Math.max(1, Math.round((now - last) * MS) - (waited - lastWaited)))
  last = now
  lastWaited = waited
}

/** Forgets what was. */
export function restartLoopDelay () {
  monitor.enable()
  monitor.reset()
  own.reset()
  since = last = performance.now()
  waitedBefore = lastWaited = waitedForCpu()
}

/**
 * The times between two turns of a timer of 10 ms, in milliseconds. `all` is what `monitorEventLoopDelay` has seen; `own` is the same without
 * the time for which the process was ready to run and others had the CPUs: what is left is its own doing. `starved` is the part of the time for which
 * it had no CPU: what comes meanwhile piles up, so that its own part gets larger too.
 */
export function loopDelay () {
  return { all: inMilliseconds(monitor), own: inMilliseconds(own), starved: (waitedForCpu() - waitedBefore) / MS / (performance.now() - since) }
}

function inMilliseconds (histogram) {
  return { p50: histogram.percentile(50) / MS, p99: histogram.percentile(99) / MS, max: histogram.max / MS, count: histogram.count }
}

restartLoopDelay()
setInterval(sample, RESOLUTION).unref()
