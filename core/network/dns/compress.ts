// Name compression (RFC 1035, 4.1.4) for what repeats most: answers that bear the name that was asked. Without it ten addresses of a
// headless service fill a UDP answer, and older resolvers (musl before 1.2.4) never ask again over TCP.

const HEADER = 12;
const POINTER_TO_QUESTION = 0xc000 | HEADER;

/** Where an uncompressed name that begins at `at` ends. */
function endOfName(message: Buffer, at: number): number {
  let i = at;
  while (message[i]! > 0) i += message[i]! + 1;
  return i + 1;
}

/** The same message, shorter. `message` has one question and no compressed names, as the encoder writes it; anything else comes back as it is. */
export function compressed(message: Buffer): Buffer {
  if (message.readUInt16BE(4) !== 1) return message;
  const nameEnd = endOfName(message, HEADER);
  const asked = message.subarray(HEADER, nameEnd);
  const parts: Buffer[] = [message.subarray(0, nameEnd + 4)];
  for (let at = nameEnd + 4; at < message.length;) {
    const end = endOfName(message, at), rest = end + 10 + message.readUInt16BE(end + 8);
    if (message.subarray(at, end).equals(asked)) {
      const pointer = Buffer.alloc(2);
      pointer.writeUInt16BE(POINTER_TO_QUESTION);
      parts.push(pointer);
    } else parts.push(message.subarray(at, end));
    parts.push(message.subarray(end, rest));
    at = rest;
  }
  return Buffer.concat(parts);
}
