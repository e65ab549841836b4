const HEADER = 44
const RATE = 8000

/** A WAV file of at least so many bytes: mono, 8 bits a sample. Every byte value occurs in it, so that it does not survive being taken for text. */
export function wav (bytes = 0): Buffer {
  const samples = Math.max(bytes - HEADER, 1024)
  const file = Buffer.alloc(HEADER + samples)
  file.write('RIFF', 0)
  file.writeUInt32LE(HEADER - 8 + samples, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(RATE, 24)
  file.writeUInt32LE(RATE, 28)
  file.writeUInt16LE(1, 32)
  file.writeUInt16LE(8, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples, 40)
  for (let i = 0; i < samples; i++) file[HEADER + i] = i & 0xff
  return file
}
