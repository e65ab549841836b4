import t from 'tap'
import { PendingTicket } from '../lib/manager/ticket.ts'
import type { Lease, Progress } from '../index.ts'

interface TestLease extends Lease { released: number }

function lease (): TestLease {
  const release = (): void => { made.released++ }
  const made = { model: 'a', origin: 'http://localhost:1', basePath: '', signal: new AbortController().signal, released: 0, release, [Symbol.dispose]: release } as unknown as TestLease
  return made
}

/** A ticket that fails when it is cancelled, as the manager has it. */
function create (): { ticket: PendingTicket, cancels: Array<Error | undefined>, followed: Set<PendingTicket> } {
  const cancels: Array<Error | undefined> = []
  const followed = new Set<PendingTicket>()
  let position = 0
  const ticket = new PendingTicket('a', followed, (reason) => {
    cancels.push(reason)
    ticket.fail(reason ?? new Error('cancelled'))
  }, (): Progress => ({ position: ++position, state: 'starting', reason: 'is loading', elapsed: 0 }))
  return { ticket, cancels, followed }
}

t.test('granted at once: the lease is there without a promise', async (t) => {
  const { ticket } = create()
  const given = lease()
  t.equal(ticket.settled, false)
  ticket.grant(given)
  t.equal(ticket.lease, given)
  t.equal(ticket.settled, true)
  t.equal(given.released, 0)
})

t.test('granted later: all who wait get the lease', async (t) => {
  const { ticket } = create()
  const waiting = [ticket.lease, ticket.lease]
  t.ok(waiting[0] instanceof Promise)
  const given = lease()
  ticket.grant(given)
  for (const promise of waiting) t.equal(await promise, given)
  t.equal(ticket.lease, given, 'now without a promise')
})

t.test('failed: before and after somebody waits', async (t) => {
  const error = new Error('no')
  const early = create().ticket
  early.fail(error)
  t.equal(early.settled, true)
  await t.rejects(early.lease as Promise<Lease>, error)
  const late = create().ticket
  const waiting = late.lease as Promise<Lease>
  late.fail(error)
  await t.rejects(waiting, error)
  await t.rejects(late.lease as Promise<Lease>, error)
})

t.test('a failure that nobody looks at harms nobody', async (t) => {
  const { ticket } = create()
  void ticket.lease
  ticket.fail(new Error('nobody looks'))
  const other = create().ticket
  other.fail(new Error('nobody looks'))
  void other.lease
  await new Promise((resolve) => setImmediate(resolve))
  t.pass()
})

t.test('it settles once: what comes later changes nothing, and a lease goes back', async (t) => {
  const granted = create().ticket
  const [first, second] = [lease(), lease()]
  granted.grant(first)
  granted.grant(second)
  granted.fail(new Error('late'))
  t.equal(granted.lease, first)
  t.strictSame([first.released, second.released], [0, 1])
  const failed = create().ticket
  const waiting = failed.lease as Promise<Lease>
  const error = new Error('first')
  const late = lease()
  failed.fail(error)
  failed.fail(new Error('second'))
  failed.grant(late)
  await t.rejects(waiting, error)
  await t.rejects(failed.lease as Promise<Lease>, error)
  t.equal(late.released, 1)
})

t.test('cancelled before the grant: it leaves the queue, and a lease that comes all the same goes back', async (t) => {
  const { ticket, cancels } = create()
  const waiting = ticket.lease as Promise<Lease>
  const reason = new Error('enough')
  ticket.cancel(reason)
  ticket.cancel(new Error('again'))
  t.strictSame(cancels, [reason])
  await t.rejects(waiting, reason)
  const late = lease()
  ticket.grant(late)
  t.equal(late.released, 1)
})

t.test('cancelled after the grant: the lease is given back, once', async (t) => {
  const { ticket, cancels } = create()
  const given = lease()
  ticket.grant(given)
  ticket.cancel()
  ticket.cancel()
  t.equal(given.released, 1)
  t.strictSame(cancels, [])
})

t.test('cancelled after a failure: nothing', async (t) => {
  const { ticket, cancels } = create()
  ticket.fail(new Error('no'))
  ticket.cancel()
  t.strictSame(cancels, [])
})

t.test('progress: told to those who listen, until they leave or it settles', async (t) => {
  const { ticket } = create()
  const heard: string[] = []
  ticket.tell()
  const end = ticket.onProgress(({ position }) => heard.push(`first ${position}`))
  ticket.onProgress(({ position, state }) => heard.push(`second ${position} ${state}`))
  ticket.tell()
  end()
  end()
  ticket.tell()
  ticket.grant(lease())
  ticket.tell()
  ticket.onProgress(() => heard.push('too late'))()
  ticket.tell()
  t.strictSame(heard, ['first 1', 'second 1 starting', 'second 2 starting'], 'computed once, and only when somebody listens')
})

t.test('only those that somebody follows are followed', async (t) => {
  const { ticket, followed } = create()
  t.equal(followed.size, 0)
  const leave = [ticket.onProgress(() => {}), ticket.onProgress(() => {})]
  t.equal(followed.size, 1)
  for (const end of leave) end()
  t.equal(followed.size, 0)
  ticket.onProgress(() => {})
  t.equal(followed.size, 1)
  ticket.grant(lease())
  t.equal(followed.size, 0)
})
