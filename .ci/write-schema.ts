// Writes config.schema.json, for editors, from the schema that the config is checked with.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedSchema } from '../lib/config/schema/published.ts'

const path = join(import.meta.dirname, '..', 'config.schema.json')
writeFileSync(path, `${JSON.stringify(publishedSchema(), null, 2)}\n`)
console.log(`wrote ${path}`)
