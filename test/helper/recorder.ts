import type { Ran, Run } from '../../lib/launcher/local/platform/run.ts'

export interface Recorder {
  readonly run: Run
  /** Each command that was run, in one line. */
  readonly calls: string[]
}

/** Runs nothing: records the commands of a foreign system, and answers them. A string stands for what is printed, a number for the code. */
export function recorder (answer: (command: string) => Partial<Ran> | string | number | undefined): Recorder {
  const calls: string[] = []
  return {
    calls,
    run: async (program, args) => {
      const command = [program, ...args].join(' ')
      calls.push(command)
      const given = answer(command)
      if (typeof given === 'string') return { code: 0, stdout: given }
      return typeof given === 'number' ? { code: given, stdout: '' } : { code: 0, stdout: '', ...given }
    }
  }
}
