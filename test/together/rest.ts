import { runTogether } from './run-together.ts'

await runTogether((glob) => !/^test\/(body|config|scheduler)/.test(glob))
