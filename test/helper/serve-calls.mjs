/** Does what the parent process calls for, and sends it the result. */
export function serveCalls (calls) {
  process.on('message', async ({ id, name, args }) => {
    const reply = await Promise.resolve().then(() => calls[name](...args)).then((result) => ({ result }), (error) => ({ error: error.code ?? error.message }))
    if (process.connected) process.send({ id, ...reply })
  })
  process.send({ ready: true })
}
