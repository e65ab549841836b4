import { upstreamCommand as command } from 'fastify-llama-swap/testing'
import type { ModelInput } from '../../../index.ts'

/** Each misbehaves in its own way from its start to its end; `plain` only when a request asks it to. */
export const servers: Record<string, ModelInput> = {
  plain: { cmd: command() },
  exits: { cmd: command({ exitCode: 3, say: 'not today' }) },
  exitsLoading: { cmd: command({ exitAfterMs: 100, exitCode: 4, neverReady: true }) },
  missing: { cmd: 'surely-no-such-program ${PORT}' },
  late: { cmd: command({ listenAfterMs: 60 }) },
  loading: { cmd: command({ loadMs: 60 }) },
  floods: { cmd: command({ logFlood: true }) },
  deaf: { cmd: command({ ignoreSigterm: true }) },
  slowToEnd: { cmd: command({ termDelayMs: 100 }) },
  forks: { cmd: command({ forkHoldingPipes: true }) },
  forksDeaf: { cmd: command({ forkIgnoresSigterm: true }) },
  strays: { cmd: `sh -c 'setsid sleep 120 & exec ${command().replaceAll('"', '')}'` },
  stopCommand: { cmd: command(), cmdStop: 'sh -c "kill -TERM $0" ${PID}' },
  stopCommandFails: { cmd: command(), cmdStop: 'false' }
}
