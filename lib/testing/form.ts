/** One field of a form, as it arrived. */
export interface FormField {
  name: string
  /** Of a file, as is its type: in lower case, and `text/plain` when it has none. */
  filename?: string
  contentType?: string
  /** Of a field that is no file. */
  value?: string
  bytes: number
  /** Of the content, in hex. */
  sha256: string
}

const forms = /^(multipart\/form-data|application\/x-www-form-urlencoded)\s*(;|$)/i

/** The fields of a form in their order; undefined when the body is no form. Throws a TypeError when it claims to be one and cannot be read. */
export async function fieldsOf (contentType: string | undefined, body: Buffer): Promise<FormField[] | undefined> {
  if (contentType === undefined || !forms.test(contentType)) return
  const form = await parse(contentType, body)
  return await Promise.all([...form].map(async ([name, value]): Promise<FormField> => typeof value === 'string'
    ? { name, value, ...await digest(Buffer.from(value)) }
    : { name, filename: value.name, contentType: value.type, ...await digest(Buffer.from(await value.arrayBuffer())) }))
}

async function parse (contentType: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(body, { headers: { 'content-type': contentType } }).formData()
  } catch (error) {
    throw new TypeError(`The form cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

// Imported here, since each start would pay 2 ms for it, and few forms are sent.
async function digest (content: Buffer): Promise<Pick<FormField, 'bytes' | 'sha256'>> {
  const { createHash } = await import('node:crypto')
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}
