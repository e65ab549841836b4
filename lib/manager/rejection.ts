import { errors, withDetail } from '../errors.ts'
import type { Rejection } from '../scheduler/messages.ts'

/** The error that a refused request gets. */
export function rejectionError (why: Rejection, model: string): Error {
  if (typeof why === 'string') {
    switch (why) {
      case 'unknown': return new errors.ModelNotFound(model)
      case 'deadline': return new errors.Deadline(model)
      case 'unloaded': return new errors.Unloaded(model)
      case 'closing': return new errors.Closing()
    }
  }
  if ('error' in why) return why.error
  if ('stuck' in why) return new errors.Stuck(why.stuck)
  const retryAfter = Math.ceil(why.ms / 1000)
  if ('coolingDown' in why) return withDetail(new errors.CoolingDown(why.coolingDown.message, retryAfter), { retryAfter })
  if ('limit' in why) return withDetail(new errors.TooManyRequests(model, why.limit), { retryAfter })
  return withDetail(new errors.QueueFull(why.queueFull), { retryAfter })
}
