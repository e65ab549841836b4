import { anyMap } from './parts.ts'
import type { Schema } from './schema.ts'

/** `named`: what the names of `setParamsByID` are, besides. */
function filtersOf<const Named extends string> (named: Named) {
  return {
    type: 'object',
    description: 'Changes to the JSON body of a request. The field "model" is never touched by them.',
    properties: {
      stripParams: { type: 'string', default: '', description: 'Fields to take out, separated by commas. A dot leads into an object.', examples: ['temperature, top_p'] },
      strip_params: { type: 'string', deprecated: true, description: 'The old name of stripParams, read when that is empty.', examples: ['temperature'] },
      setParams: { ...anyMap, description: 'Fields to set, with their values.', examples: [{ temperature: 0.7 }] },
      setParamsByID: {
        type: 'object',
        description: `A name that the model is asked for by -> fields to set then. ${named}`,
        additionalProperties: { ...anyMap, type: ['object', 'null'] },
        examples: [{ '${MODEL_ID}:high': { reasoning_effort: 'high' } }]
      }
    }
  } as const satisfies Schema
}

export const filtersSchema = filtersOf('Each name becomes an alias of the model. Macros are replaced in the names too.')
export const peerFiltersSchema = filtersOf('Only names that lead to this peer count.')
