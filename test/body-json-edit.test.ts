import fc from 'fast-check'
import t from 'tap'
import { editJson } from '../lib/body/json-edit.ts'
import type { JsonEdit } from '../lib/body/json-edit.ts'
import { parseParamPath } from '../lib/config/naming/param-path.ts'
import { times } from './helper/full.ts'

const del = (path: string): JsonEdit => ({ kind: 'delete', path: parseParamPath(path, 'strip') })
const set = (path: string, value: unknown): JsonEdit => ({ kind: 'set', path: parseParamPath(path, 'set'), json: JSON.stringify(value) })
const edit = (body: string, ...edits: JsonEdit[]): string => editJson(Buffer.from(body), edits).toString()

const notJson = { code: 'FST_LS_BODY_NOT_JSON', statusCode: 400 }

// -- Tables ----------------------------------------------------------------------------------------------------------

type Row = [what: string, body: string, edits: JsonEdit[], expected: string]

const deleting: Row[] = [
  ['the only field', '{"a":1}', [del('a')], '{}'],
  ['the only field, with spaces', ' { "a" : 1 } ', [del('a')], ' {  } '],
  ['the first', '{"a":1, "b":2}', [del('a')], '{"b":2}'],
  ['the last', '{"a":1, "b":2 }', [del('b')], '{"a":1 }'],
  ['one in the middle', '{\n  "a": 1,\n  "b": [1, {}],\n  "c": 3\n}', [del('b')], '{\n  "a": 1,\n  "c": 3\n}'],
  ['the first two', '{"a":1,"b":2,"c":3}', [del('a'), del('b')], '{"c":3}'],
  ['the last two', '{"a":1,"b":2,"c":3}', [del('b'), del('c')], '{"a":1}'],
  ['first and last', '{"a":1,"b":2,"c":3}', [del('a'), del('c')], '{"b":2}'],
  ['all, one by one', '{"a":1,"b":2,"c":3}', [del('b'), del('a'), del('c')], '{}'],
  ['what is not there', '{"a":1}', [del('b'), del('a.b'), del('a.0'), del('b.c.d')], '{"a":1}'],
  ['in an object', '{"a":{"b":1,"c":2}}', [del('a.b')], '{"a":{"c":2}}'],
  ['in an object and then the object', '{"a":{"b":1,"c":2},"d":1}', [del('a.b'), del('a')], '{"d":1}'],
  ['a key with a dot', '{"a.b":1,"a":{"b":2}}', [del('a\\.b')], '{"a":{"b":2}}'],
  ['an empty key', '{"":1,"a":{"":2}}', [del(':'), del('a.:')], '{"a":{}}'],
  ['only what is called so', '{"temperature":1,"Temperature":2,"temperature ":3,"temperatur":4}', [del('temperature')], '{"Temperature":2,"temperature ":3,"temperatur":4}'],
  ['a key spelled with escapes', '{"temp\\u0065rature":1,"\\u0074emperature":2,"x":3}', [del('temperature')], '{"x":3}'],
  ['a key spelled with escapes only', '{"\\u0061":1,"b":2}', [del('a')], '{"b":2}'],
  ['a key whose bytes are the letters of the name', '{"é":1}', [del('Ã©')], '{"é":1}'],
  ['a key of other letters, both ways', '{"é😀":1,"\\u00e9\\ud83d\\ude00":2,"x":3}', [del('é😀')], '{"x":3}'],
  ['a key with quotes and backslashes', '{"a\\"\\\\":1,"b":2}', [del('a"\\\\')], '{"b":2}'],
  ['all that are there twice', '{"a":1,"b":2,"a":3,"a":{"a":4}}', [del('a')], '{"b":2}'],
  ['all that are there twice, first and last', '{"a":1,"a":2,"b":2,"a":3}', [del('a')], '{"b":2}'],
  ['in the last of two objects; the first goes', '{"a":{"b":1},"x":1,"a":{"b":2,"c":3}}', [del('a.b')], '{"x":1,"a":{"c":3}}'],
  ['an element', '{"a":[1, 2, 3]}', [del('a.1')], '{"a":[1, 3]}'],
  ['elements: an index counts in what is left', '{"a":[1,2,3,4]}', [del('a.0'), del('a.1')], '{"a":[2,4]}'],
  ['elements from both ends', '{"a":[1,2,3,4]}', [del('a.-1'), del('a.0'), del('a.1')], '{"a":[2]}'],
  ['the last element', '{"a":[ 1 , 2 ]}', [del('a.-1')], '{"a":[ 1 ]}'],
  ['the only element', '{"a":[ 1 ]}', [del('a.-1')], '{"a":[  ]}'],
  ['the last of none', '{"a":[]}', [del('a.-1'), del('a.0')], '{"a":[]}'],
  ['a field of the last element', '{"a":[{"b":1},{"b":2}]}', [del('a.-1.b')], '{"a":[{"b":1},{}]}'],
  ['a field of an element', '{"a":[{"b":1},{"b":2}]}', [del('a.0.b')], '{"a":[{},{"b":2}]}'],
  ['elements of lists in lists', '{"a":[[1,2],[3,4]]}', [del('a.1.0'), del('a.0.1')], '{"a":[[1],[4]]}'],
  ['no index', '{"a":[1,2]}', [del('a.b'), del('a.:0'), del('a.b.c'), del('a.9'), del('a.99999999999999999999')], '{"a":[1,2]}'],
  ['an index in an object is a key', '{"a":{"0":1,"00":2,"-1":3}}', [del('a.0'), del('a.-1')], '{"a":{"00":2}}'],
  ['a key of digits only', '{"logit_bias":{"50256":-100,"1":2}}', [del('logit_bias.50256')], '{"logit_bias":{"1":2}}'],
  ['keys that every object has', '{"__proto__":1,"constructor":2,"toString":3}', [del('__proto__'), del('toString')], '{"constructor":2}']
]

const setting: Row[] = [
  ['a new field', '{"a":1}', [set('b', 2)], '{"a":1,"b":2}'],
  ['a new field before the space at the end', '{\n  "a": 1\n}\n', [set('b', 2)], '{\n  "a": 1,"b":2\n}\n'],
  ['the first field', '{}', [set('b', 2)], '{"b":2}'],
  ['the first field, with spaces', ' { } ', [set('b', 2)], ' {"b":2 } '],
  ['a field in its place', '{"a": 1 ,"b":2}', [set('a', 'x"é')], '{"a": "x\\"é" ,"b":2}'],
  ['a field for another kind', '{"a":{"b":[1,{}]},"c":[1]}', [set('a', null), set('c', { x: [] })], '{"a":null,"c":{"x":[]}}'],
  ['a field twice: the last counts', '{"a":0}', [set('a', 1), set('a', 2)], '{"a":2}'],
  ['two new fields, in order', '{}', [set('b', 1), set('a', 2)], '{"b":1,"a":2}'],
  ['after deleting it', '{"a":0,"b":1}', [del('a'), set('a', 2)], '{"a":2,"b":1}'],
  ['and deleting it', '{"a":0,"b":1}', [set('a', 2), del('a'), set('c', 1), del('c')], '{"b":1}'],
  ['in an object', '{"a":{"b":1}}', [set('a.c', 2), set('a.b', 3)], '{"a":{"b":3,"c":2}}'],
  ['in an object that is not there', '{}', [set('a.b.c', 1), set('a.b.d', 2)], '{"a":{"b":{"c":1,"d":2}}}'],
  ['in an object that was just set', '{"a":0}', [set('a', { b: 1 }), set('a.c', 2), del('a.b')], '{"a":{"c":2}}'],
  ['in an object that was just deleted', '{"a":{"b":1,"c":2}}', [del('a'), set('a.d', 3)], '{"a":{"d":3}}'],
  ['in a text, a number, null: an object takes its place', '{"a":"x","b":1,"c":null}', [set('a.x', 1), set('b.x.y', 2), set('c.:0', 3)], '{"a":{"x":1},"b":{"x":{"y":2}},"c":{"0":3}}'],
  ['an index in a text: a list takes its place', '{"a":"x","b":null}', [set('a.0', 1), set('b.2', 2)], '{"a":[1],"b":[null,null,2]}'],
  ['a key spelled with escapes keeps its spelling', '{"temp\\u0065rature":1}', [set('temperature', 2)], '{"temp\\u0065rature":2}'],
  ['a new key that needs escapes', '{}', [set('a"\n\\\\', 1)], '{"a\\"\\n\\\\":1}'],
  ['the last of those that are there twice', '{"a":1,"b":2,"a":3}', [set('a', 4)], '{"b":2,"a":4}'],
  ['the last of those that are there twice, one with escapes', '{"\\u0061":1,"a":[2], "b":2}', [set('a', 4)], '{"a":4, "b":2}'],
  ['in the last of two objects; the first goes', '{"a":{"b":1},"a":{"c":2}}', [set('a.b', 3)], '{"a":{"c":2,"b":3}}'],
  ['in the last of two, which is no object', '{"a":{"b":1},"a":5}', [set('a.b', 3)], '{"a":{"b":3}}'],
  ['an element', '{"a":[1, 2]}', [set('a.1', 'x')], '{"a":[1, "x"]}'],
  ['one element more', '{"a":[1, 2 ]}', [set('a.2', 3)], '{"a":[1, 2,3 ]}'],
  ['an element beyond the end', '{"a":[1]}', [set('a.3', 4)], '{"a":[1,null,null,4]}'],
  ['an element of an empty list', '{"a":[ ]}', [set('a.1', 4)], '{"a":[null,4 ]}'],
  ['an element of a list that is not there', '{}', [set('a.2', 4)], '{"a":[null,null,4]}'],
  ['one more at the end', '{"stop":["x"]}', [set('stop.-1', 'y')], '{"stop":["x","y"]}'],
  ['more at the end', '{"stop":["x"]}', [set('stop.-1', 'y'), set('stop.-1', 'z')], '{"stop":["x","y","z"]}'],
  ['one at the end of nothing, of null, of an empty list', '{"b":null,"c":[]}', [set('a.-1', 1), set('b.-1', 2), set('c.-1', 3)], '{"b":[2],"c":[3],"a":[1]}'],
  ['one at the end of a text, of a number: a list takes its place', '{"a":"x","b":1}', [set('a.-1', 1), set('b.-1', 2)], '{"a":[1],"b":[2]}'],
  ['an object at the end', '{"a":[1]}', [set('a.-1.b.0', 2)], '{"a":[1,{"b":[2]}]}'],
  ['an index after an element was deleted', '{"a":[1,2,3]}', [del('a.0'), set('a.0', 'x'), set('a.2', 'y')], '{"a":["x",3,"y"]}'],
  ['elements that were just added', '{"a":[1]}', [set('a.3', { x: 1 }), set('a.3.y', 2), set('a.2.z', 3), del('a.1'), del('a.2.x')], '{"a":[1,{"z":3},{"y":2}]}'],
  ['an element, added and deleted', '{"a":[1]}', [set('a.-1', 2), del('a.-1'), del('a.-1')], '{"a":[]}'],
  ['an index in an object is a key', '{"a":{"x":1}}', [set('a.0', 2), set('a.-1', 3), set('a.007', 4)], '{"a":{"x":1,"0":2,"-1":3,"007":4}}'],
  ['a key of digits', '{}', [set('logit_bias.:50256', -100)], '{"logit_bias":{"50256":-100}}'],
  ['keys that every object has', '{"a":1}', [set('__proto__.x', 1), set('constructor', 2)], '{"a":1,"__proto__":{"x":1},"constructor":2}'],
  ['numbers and escapes of what is not touched stay', '{"a":1.50e+02,"b":"\\u0041\\/","c":18446744073709551616, "d":-0.0, "e": tru\u00e9}', [set('x', 1)], '{"a":1.50e+02,"b":"\\u0041\\/","c":18446744073709551616, "d":-0.0, "e": tru\u00e9,"x":1}']
]

const wildcards: Row[] = [
  ['the first key that matches', '{"xa":1,"xb":2}', [set('x*', 9)], '{"xa":9,"xb":2}'],
  ['none that matches', '{"a":1}', [set('x*', 9), set('a.*', 9), set('?b', 9)], '{"a":1}'],
  ['any one letter', '{"xab":1,"x😀":2,"x":3}', [set('x?', 9)], '{"xab":1,"x😀":9,"x":3}'],
  ['the first in which there is the rest', '{"a":{"x":1},"b":5,"c":{"y":2},"d":{"y":3}}', [set('*.y', 9)], '{"a":{"x":1},"b":5,"c":{"y":9},"d":{"y":3}}'],
  ['an escaped key', '{"\\u0078a":1}', [set('x*', 9)], '{"\\u0078a":9}'],
  ['a star of its own', '{"xa":1,"x*":2}', [set('x\\*', 9), set('q\\*', 8)], '{"xa":1,"x*":9,"q*":8}'],
  ['a key that is there twice', '{"xa":1,"b":0,"xa":2}', [set('x*', 9)], '{"b":0,"xa":9}'],
  ['a key that is there twice, the last without the rest', '{"xa":{"y":1},"xb":{"y":2},"xa":3}', [set('x*.y', 9)], '{"xa":{"y":1},"xb":{"y":2},"xa":3}'],
  ['never the model', '{"model":"m","mode":1}', [set('mod*', 9), set('m?del', 9)], '{"model":"m","mode":9}'],
  ['never in the model', '{"model":{"x":1},"models":{"x":2}}', [set('*.x', 9)], '{"model":{"x":1},"models":{"x":9}}'],
  ['a model further down', '{"model":"m","a":{"model":1}}', [set('a.mod*', 9)], '{"model":"m","a":{"model":9}}'],
  ['no elements', '{"a":[1,2]}', [set('a.*', 9), set('a.?', 9)], '{"a":[1,2]}'],
  ['each element', '{"m":[{"a":1},{"b":2},5,{"a":3,"a":4}]}', [set('m.#.a', 9)], '{"m":[{"a":9},{"b":2},5,{"a":9}]}'],
  ['each of each', '{"m":[{"p":[{"a":1},{"a":2}]},{"p":[]},{"p":[{"a":3}]}]}', [set('m.#.p.#.a', 9)], '{"m":[{"p":[{"a":9},{"a":9}]},{"p":[]},{"p":[{"a":9}]}]}'],
  ['an element of each', '{"m":[[1,2],[3],[4,5]]}', [set('m.#.1', 9)], '{"m":[[1,9],[3],[4,9]]}'],
  ['each, and an object has such a key', '{"m":{"#":{"a":1}}}', [set('m.#.a', 9)], '{"m":{"#":{"a":9}}}'],
  ['no more elements', '{"m":[{"a":[1]}]}', [set('m.#.a.-1', 9), set('m.#.a.5', 9), set('q.#.a', 9)], '{"m":[{"a":[1]}]}'],
  ['in what was just set', '{"m":[]}', [set('m.-1', { a: 1 }), set('m.#.a', 2), set('m.-1', 3)], '{"m":[{"a":2},3]}'],
  ['not in what was just deleted', '{"xa":1,"xb":2}', [del('xa'), set('x*', 9), set('z', 1)], '{"xb":9,"z":1}']
]

for (const [kind, rows] of Object.entries({ deleting, setting, 'setting by wildcards': wildcards })) {
  for (const [what, body, edits, expected] of rows) {
    t.test(`${kind}: ${what}`, async (t) => {
      t.equal(edit(body, ...edits), expected)
      if (body === expected) {
        const bytes = Buffer.from(body)
        t.equal(editJson(bytes, edits), bytes, 'the same Buffer')
      }
    })
  }
}

t.test('no edits: the same Buffer, whatever it is', async (t) => {
  const bytes = Buffer.from('hello')
  t.equal(editJson(bytes, []), bytes)
})

t.test('bytes that are no UTF-8 stay as they are', async (t) => {
  const odd = Buffer.from([0xff, 0xc3, 0x80])
  const body = Buffer.concat([Buffer.from('{"a":"'), odd, Buffer.from('","'), odd, Buffer.from('":1}')])
  t.strictSame(editJson(body, [set('b', 1)]), Buffer.concat([body.subarray(0, -1), Buffer.from(',"b":1}')]))
})

for (const [what, body, failing, reason] of [
  ['a key in a list', '{"a":{"b":[1]}}', set('a.b.c', 1), '"a.b" is a list there, and "c" is no index'],
  ['a key in a list in a list', '{"a":[[1]]}', set('a.0.c.d', 1), '"a.0" is a list there, and "c" is no index'],
  ['a number that is a key', '{"a":[1]}', set('a.:0', 1), '"a" is a list there, and "0" is no index'],
  ['another number than -1', '{"a":[1]}', set('a.-2', 1), '"a" is a list there, and "-2" is no index']
] satisfies Array<[string, string, JsonEdit, string]>) {
  t.test(`what cannot be set: ${what}`, async (t) => {
    t.throws(() => edit(body, set('x', 1), failing), { message: reason, edit: failing })
  })
}

// -- What is no JSON object ------------------------------------------------------------------------------------------

for (const [what, body] of [
  ['nothing', ''], ['spaces', ' \n'], ['a list', '[{"a":1}]'], ['a text', '"a"'], ['null', 'null'], ['a byte order mark', '\ufeff{"a":1}'], ['a form', 'a=1'],
  ['cut short at once', '{'], ['cut short in a key', '{"a'], ['cut short after a key', '{"a"'], ['cut short after a colon', '{"a":'], ['cut short in a word', '{"a":tru'],
  ['cut short in a text', '{"a":"x'], ['cut short after an escaped quote', '{"a":"x\\"}'], ['cut short after a value', '{"a":1'], ['cut short after a comma', '{"a":1,'],
  ['cut short in a list', '{"a":1,"b":[1,2'], ['cut short in an object', '{"a":1,"b":{"c":1'],
  ['an object after it', '{"a":1}{"a":2}'], ['a word after it', '{"a":1} x'], ['a bracket after it', '{"a":1}}'], ['a null byte after it', '{"a":1}\0'],
  ['a bracket for a brace', '{"a":1]'], ['a brace for a bracket', '{"b":[1},"a":1}'], ['crossed brackets', '{"b":[{]},"a":1}'], ['crossed brackets further down', '{"b":[[[{"x":[}]]]],"a":1}'],
  ['no colon', '{"a" 1}'], ['no value', '{"a":}'], ['no value in a list', '{"a":[1,,2]}'], ['a comma too many', '{"a":1,}'], ['a comma too many in a list', '{"a":[1,]}'], ['a comma at first', '{,"a":1}'],
  ['no comma', '{"a":1 "b":2}'], ['no comma in a list', '{"a":[1 2]}'], ['a key without quotes', '{a:1}'], ['a key in single quotes', "{'a':1}"], ['a number as key', '{1:1}'],
  ['a quote in a word', '{"a":1"x"}'], ['an escape that does not exist, in a key', '{"\\x":1,"a":2}']
] satisfies Array<[string, string]>) {
  t.test(`400: ${what}`, async (t) => {
    for (const change of [del('a'), del('a.0.b'), set('a', 1), set('a.0', 1), set('a.-1', 1), set('a*', 1), set('a.#.x', 1)]) {
      // What is passed by is not looked at closely.
      if (/in a list$/.test(what) && !/^a\.[0#-]/.test(change.path.text) && !what.startsWith('cut')) continue
      t.throws(() => edit(body, change), notJson, `${change.kind} ${change.path.text}`)
    }
  })
}

t.test('a body cut anywhere is refused', async (t) => {
  const body = '{"model":"a","messages":[{"role":"user","content":"a\\"b\\\\"}],"temperature":0.5,"x":{"y":[[1],{}]}}'
  for (let length = 0; length < body.length; length++) {
    for (const change of [del('temperature'), set('top_p', 1), set('x.y.0', 1), set('messages.#.role', 'x')]) t.throws(() => edit(body.slice(0, length), change), notJson, `${length}`)
  }
})

// -- Against a plain model -------------------------------------------------------------------------------------------

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** What sjson's paths mean, on values that JSON.parse has made. */
function modelOf (value: Json | undefined, { kind, path, ...rest }: JsonEdit, depth = 0): Json | undefined {
  const segment = path.segments[depth]
  if (segment === undefined) return kind === 'delete' ? undefined : JSON.parse((rest as { json: string }).json) as Json
  const inner = (child: Json | undefined): Json | undefined => modelOf(child, { kind, path, ...rest } as JsonEdit, depth + 1)
  if (Array.isArray(value)) {
    const list = [...value]
    if (segment.kind === 'key') {
      if (kind === 'set') throw new Error('no index')
      return list
    }
    const index = segment.kind === 'index' ? segment.index : kind === 'set' ? list.length : list.length - 1
    if (kind === 'delete' && (index < 0 || index >= list.length)) return list
    const child = inner(list[index])
    if (child === undefined) list.splice(index, 1)
    else {
      while (list.length < index) list.push(null)
      list[index] = child
    }
    return list
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    const at = entries.findIndex(([key]) => key === segment.name)
    const child = inner(at === -1 ? undefined : entries[at]![1])
    if (child === undefined) return Object.fromEntries(entries.filter(([key]) => key !== segment.name))
    if (at === -1) entries.push([segment.name, child])
    else entries[at] = [segment.name, child]
    return Object.fromEntries(entries)
  }
  if (kind === 'delete') return value
  return modelOf(segment.kind === 'key' ? {} : [], { kind, path, ...rest } as JsonEdit, depth)
}

const name = fc.constantFrom('a', 'b', 'c', '0', '1', '-1', 'é', '', '__proto__')
const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 2 })
const word = fc.oneof(fc.constantFrom('true', 'null', '1.50', '-0', '1e3', '12345678901234567890', '[]', '{}', '[ ]', '{\n}'), fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', ',', ':', 'é', 'a'), maxLength: 4 }).map((text) => JSON.stringify(text)))
const key = fc.tuple(name, fc.boolean()).map(([text, escaped]) => escaped && text !== '' ? `"\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}${text.slice(1)}"` : JSON.stringify(text))

const listed = (items: ReadonlyArray<readonly string[]>): string => items.map((parts) => parts.join('')).join(',')
const { object } = fc.letrec<{ value: string, object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthIdentifier: 'edit' }, word, tie('object'), fc.array(fc.tuple(space, tie('value'), space), { minLength: 1, maxLength: 4 }).map((items) => `[${listed(items)}]`)),
  object: fc.array(fc.tuple(space, key, space, fc.constant(':'), space, tie('value'), space), { maxLength: 6 }).map((members) => `{${listed(members)}}`)
}))
const body = fc.tuple(space, object, space).map((parts) => parts.join(''))

const segment = fc.oneof(
  name.map((text) => `:${text}`),
  fc.constantFrom('a', 'b', 'c', 'é', '0', '1', '3', '-1')
)
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'))
const change = fc.oneof(path.map(del), fc.tuple(path, fc.constantFrom(1, 'x', null, [], {}, [1, { a: 2 }], { a: [1, 2], b: { c: 3 } })).map(([text, value]) => set(text, value)))

t.test('any edits of any object mean what a plain model says', async (t) => {
  fc.assert(fc.property(body, fc.array(change, { maxLength: 5 }), (body, edits) => {
    const attempt = <Result>(run: () => Result): Result | 'failed' => {
      try {
        return run()
      } catch {
        return 'failed'
      }
    }
    const expected = attempt(() => edits.reduce<Json | undefined>((value, change) => modelOf(value, change), JSON.parse(body) as Json))
    const edited = attempt(() => edit(body, ...edits))
    // Where the last edit makes the ones before it pointless, it matters no more that they cannot be done.
    if (expected === 'failed') return
    t.strictSame(edited === 'failed' ? edited : JSON.parse(edited), expected, `${body} ${JSON.stringify(edits)}`)
  }), { numRuns: times(20_000) })
})

t.test('one after the other, or all at once', async (t) => {
  fc.assert(fc.property(body, fc.array(change, { maxLength: 5 }), (body, edits) => {
    let step: string
    try {
      step = edits.reduce((text, change) => edit(text, change), body)
    } catch {
      return
    }
    t.strictSame(JSON.parse(edit(body, ...edits)), JSON.parse(step))
  }), { numRuns: times(5_000) })
})

t.test('of a key that was edited there is one at most, for all readers to see the same', async (t) => {
  fc.assert(fc.property(body, change, (body, change) => {
    let edited: string
    try {
      edited = edit(body, change)
    } catch {
      return
    }
    const left = members(edited).filter(({ key }) => key === change.path.segments[0]!.name)
    t.ok(left.length <= 1, `${body} -> ${edited}`)
  }), { numRuns: times(5_000) })
})

t.test('whatever is not edited keeps its bytes and its order', async (t) => {
  fc.assert(fc.property(body, fc.array(change, { minLength: 1, maxLength: 4 }), (body, edits) => {
    let edited: string
    try {
      edited = edit(body, ...edits)
    } catch {
      return
    }
    const named = new Set(edits.map(({ path }) => path.segments[0]!.name))
    const others = (text: string): string[] => members(text).filter(({ key }) => !named.has(key)).map(({ text }) => text)
    t.strictSame(others(edited), others(body))
    if (!members(body).some(({ key }) => named.has(key)) && edits.every(({ kind }) => kind === 'delete')) t.equal(edited, body)
  }), { numRuns: times(5_000) })
})

/** The members of an object's text, read letter by letter. */
function members (text: string): Array<{ key: string, value: string, text: string }> {
  const found: Array<{ key: string, value: string, text: string }> = []
  let depth = 0
  let start = -1
  let colon = -1
  let inString = false
  const take = (end: number): void => {
    if (colon !== -1) found.push({ key: JSON.parse(text.slice(start, colon)) as string, value: text.slice(colon + 1, end).trim(), text: text.slice(start, end).trim() })
    start = end + 1
    colon = -1
  }
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (inString) {
      if (letter === '\\') at++
      else if (letter === '"') inString = false
    } else if (letter === '"') inString = true
    else if (letter === '{' || letter === '[') {
      if (depth++ === 0) start = at + 1
    } else if (letter === '}' || letter === ']') {
      if (--depth === 0) take(at)
    } else if (depth === 1 && letter === ':' && colon === -1) colon = at
    else if (depth === 1 && letter === ',') take(at)
  }
  return found
}

t.test('any bytes at all end in an answer', async (t) => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)), fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '"a"', '1', ' '), maxLength: 20 }).map((text) => Buffer.from(text)))
  fc.assert(fc.property(bytes, change, (bytes, change) => {
    try {
      editJson(bytes, [change])
    } catch (error) {
      t.ok((error as { code?: string }).code === notJson.code || 'edit' in (error as object))
    }
  }), { numRuns: times(20_000) })
})

// -- Size ------------------------------------------------------------------------------------------------------------

t.test('a body as deep as it likes', async (t) => {
  for (const [open, close] of [['[', ']'], ['{"a":', '}'], ['[{"b":', '}]']] as const) {
    const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`
    t.equal(edit(`{"x":${deep},"a":1}`, del('a')), `{"x":${deep}}`)
    t.equal(edit(`{"x":${deep}}`, set('a', 1)), `{"x":${deep},"a":1}`)
    const crossed = `${open.repeat(50_000)}${open.endsWith('[') ? '[}' : '{]'}${close.repeat(50_000)}`
    t.throws(() => edit(`{"x":${crossed},"a":1}`, del('a')), notJson)
    t.throws(() => edit(`{"x":${deep.slice(0, -1)},"a":1}`, del('a')), notJson)
  }
})

/** Milliseconds. */
function timeOf (run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

const many = (count: number, member: (index: number) => string): string => `{${Array.from({ length: count }, (_, index) => member(index)).join(',')}}`

t.test('a million keys, also if they are all the same, take seconds', async (t) => {
  // What grows with the square of them would take hours.
  const limit = 20_000
  const different = Buffer.from(many(1_000_000, (index) => `"k${index}":${index}`))
  const edits = [...Array.from({ length: 20 }, (_, index) => del(`k${index * 50_000}`)), set('k7', 'x'), set('new', 1)]
  let edited: Buffer = different
  t.ok(timeOf(() => { edited = editJson(different, edits) }) < limit)
  const parsed = JSON.parse(edited.toString()) as Record<string, unknown>
  t.strictSame([Object.keys(parsed).length, parsed['k7'], parsed['new'], parsed['k50000']], [1_000_000 - 19, 'x', 1, undefined])
  const same = many(1_000_000, () => '"a":0,"b":1')
  t.ok(timeOf(() => t.equal(edit(same, set('a', 5), del('b')), '{"a":5}')) < limit)
  const nested = many(200_000, (index) => `"k${index % 1000}":{"c":0}`)
  t.ok(timeOf(() => t.equal(edit(nested, set('*.b', 5)), nested)) < limit)
  t.ok(timeOf(() => t.equal(edit(nested, set('*.c', 5)).match(/"k0"/g)!.length, 1)) < limit)
})

t.test('long lists, long texts and long keys', async (t) => {
  const list = `{"a":[${Array(300_000).fill('0').join(',')}]}`
  t.equal(edit(list, del('a.-1'), del('a.0'), set('a.5', 1), set('a.-1', 2)), `{"a":[0,0,0,0,0,1,${Array(299_992).fill('0').join(',')},2]}`)
  const objects = `{"a":[${Array(50_000).fill('{"b":1}').join(',')}]}`
  t.equal(edit(objects, set('a.#.b', 'xyz')), objects.replaceAll('1', '"xyz"'))
  t.throws(() => edit(`{"a":[${Array(100_001).fill('{"b":1}').join(',')}]}`, set('a.#.b', 'xyz')), { message: 'it leads to more than 100000 places' })
  for (const filler of ['x', '\\"', '\\\\', '\\\\\\"', '{"temperature":1}'.replaceAll('"', '\\"')]) {
    const text = `"${filler.repeat(Math.ceil(4_000_000 / filler.length))}"`
    t.equal(edit(`{"image":${text},"temperature":1,${text}:2}`, del('temperature'), set('top_p', 1), set('im?ge', 3)), `{"image":3,${text}:2,"top_p":1}`, filler)
  }
})
