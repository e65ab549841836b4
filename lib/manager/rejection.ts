import { errors, withDetail } from '../errors.ts'
import type { Rejection } from '../scheduler/messages.ts'

/** The error that a refused request gets. */
export function rejectionError (why: Rejection, model: string, maxQueue: number): Error {
  if (typeof why === 'object') {
    if ('error' in why) return why.error
    if ('stuck' in why) return withDetail(new errors.Stuck(why.stuck), { retryAfter: 10 })
    const retryAfter = Math.ceil(why.ms / 1000)
    return withDetail(new errors.CoolingDown(why.coolingDown.message, retryAfter), { retryAfter })
  }
  switch (why) {
    case 'unknown': return new errors.ModelNotFound(model)
    case 'queueFull': return withDetail(new errors.QueueFull(maxQueue), { retryAfter: 1 })
    case 'deadline': return new errors.Deadline(model)
    case 'unloaded': return withDetail(new errors.Unloaded(model), { retryAfter: 1 })
    case 'closing': return withDetail(new errors.Closing(), { retryAfter: 1 })
  }
}
