const MAX_QUOTE = 80

/** What a chat model of the demo says: which one it is, how it came to run, and something about the prompt. */
export function compose (role: string, model: string, story: string, prompt: string): string {
  const quoted = JSON.stringify(shorten(prompt))
  if (role === 'coder') {
    return `${model} here. ${story} You asked for ${quoted}; this is what a stand-in can do about it:\n\n` +
      `\`\`\`js\nconsole.log(${quoted})\n\`\`\`\n\nAsk demo-chat next, and I make room for it.`
  }
  const words = prompt.match(/\S+/g)?.length ?? 0
  return `Hello, this is ${model}. ${story} You wrote ${quoted}, which is ${words} ${words === 1 ? 'word' : 'words'}, and thank you for each of them. ` +
    'I am only a stand-in and understand none, but ask demo-coder next and you will see us swapped.'
}

function shorten (text: string): string {
  const characters = [...text.trim().replace(/\s+/g, ' ')]
  return characters.length <= MAX_QUOTE ? characters.join('') : `${characters.slice(0, MAX_QUOTE - 1).join('')}…`
}
