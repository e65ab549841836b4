import { runTogether } from '../helper/run-together.ts'

await runTogether('reload')
