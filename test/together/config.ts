import { runTogether } from './run-together.ts'

await runTogether((glob) => glob.startsWith('test/config'))
