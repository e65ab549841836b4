// What the test upstream says about the forms that it is sent.
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import type { FormField } from 'fastify-llama-swap/testing'
import { launch } from './helper/upstream.ts'
import type { Json } from './helper/upstream.ts'

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

const up = await launch(t, { name: 'ear' })
await up.event('ready')

async function send (path: string, body: NonNullable<RequestInit['body']>, contentType?: string): Promise<{ status: number, answer: Json & { fields: FormField[] } }> {
  const response = await fetch(up.origin + path, { method: 'POST', body, ...(contentType !== undefined && { headers: { 'content-type': contentType } }) })
  return { status: response.status, answer: await response.json() as Json & { fields: FormField[] } }
}

t.test('each field in its order: name, file, type, length and hash', async (t) => {
  const sound = randomBytes(100_000)
  const form = new FormData()
  form.append('language', 'grün')
  form.append('file', new File([sound], 'a "b".wav', { type: 'audio/x-wav' }))
  form.append('file', new File([], 'empty.bin'))
  form.append('model', 'm')
  const expected = [
    { name: 'language', value: 'grün', bytes: 5, sha256: sha256('grün') },
    { name: 'file', filename: 'a "b".wav', contentType: 'audio/x-wav', bytes: 100_000, sha256: sha256(sound) },
    { name: 'file', filename: 'empty.bin', contentType: 'application/octet-stream', bytes: 0, sha256: sha256('') },
    { name: 'model', value: 'm', bytes: 1, sha256: sha256('m') }
  ]
  for (const path of ['/v1/audio/transcriptions', '/v1/images/edits', '/echo/form']) {
    const { status, answer } = await send(path, form)
    t.equal(status, 200)
    t.strictSame(answer.fields, expected, path)
    t.match(answer, { upstream: { name: 'ear' } })
  }
  t.match((await send('/v1/audio/transcriptions', form)).answer, { text: 'hello from ear' })
})

t.test('forms without files', async (t) => {
  const { answer } = await send('/echo/form', new URLSearchParams([['a', '1 2'], ['model', 'm'], ['a', '3']]))
  t.match(answer.fields, [{ name: 'a', value: '1 2' }, { name: 'model', value: 'm' }, { name: 'a', value: '3' }])
  t.notOk('fields' in (await send('/echo/form', '{}', 'application/json')).answer)
})

t.test('a form that cannot be read is an error', async (t) => {
  for (const path of ['/v1/audio/transcriptions', '/echo/form']) {
    for (const [body, type] of [['--x\r\nwrong', 'multipart/form-data; boundary=x'], ['--x--', 'Multipart/Form-Data']] as const) {
      const { status, answer } = await send(path, body, type)
      t.equal(status, 400)
      t.match(answer, { error: { message: /^The form cannot be read: ./ }, upstream: { name: 'ear' } })
    }
  }
})

t.test('faults come in the query', async (t) => {
  const form = new FormData()
  form.append('fault', '{"status":500}')
  t.equal((await send('/v1/audio/transcriptions', form)).status, 200, 'a field is none')
  t.equal((await send(`/v1/audio/transcriptions?fault=${encodeURIComponent('{"status":418}')}`, form)).status, 418)
})
