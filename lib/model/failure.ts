import type { Exit, OutputLine } from '../../types/launcher.ts'
import type { ModelConfig } from '../config/config.ts'
import { maskOf } from '../config/mask.ts'
import { errors, withDetail } from '../errors.ts'
import type { LlamaSwapError } from '../errors.ts'
import type { OutputRing } from './output.ts'
import type { FailedStart } from './start.ts'

const TOLD_LINES = 20

/** What a failed start is to those who wait for it; the operator is told more. */
export function startError ({ event, reason: given, lastProbe }: FailedStart, config: ModelConfig, output: OutputRing<OutputLine>): LlamaSwapError {
  const reason = maskOf(config)(given)
  const error = event === 'deadline' ? new errors.StartTimeout(config.id, reason) : new errors.StartFailed(config.id, reason)
  return withDetail(error, { detail: tell(reason, output, lastProbe) })
}

/** What the end of a ready server is to those who use it. */
export function crashError (exit: Exit, { id }: ModelConfig, output: OutputRing<OutputLine>): LlamaSwapError {
  return withDetail(new errors.Crashed(id), { detail: tell(describeExit(exit), output) })
}

/** An exit in words. */
export function describeExit ({ code, signal, message }: Exit): string {
  if (message !== undefined) return message
  if (signal !== undefined) return `it was ended by ${signal}`
  return code === undefined ? 'it ended' : `it exited with code ${code}`
}

function tell (reason: string, output: OutputRing<OutputLine>, lastProbe?: string): string {
  const lines = output.last(TOLD_LINES).map(({ line }) => line)
  return [
    reason,
    ...(lastProbe === undefined ? [] : [`last probe: ${lastProbe}`]),
    ...(lines.length === 0 ? ['it printed nothing'] : ['last lines:', ...lines])
  ].join('\n')
}
