// Writes small ustar archives in memory.

export interface TarFile { name: string; mode: number; data: Buffer }

/** A ustar archive of regular files owned by root; names up to 100 bytes. */
export function packTar(files: readonly TarFile[]): Buffer {
  const parts: Buffer[] = [];
  for (const file of files) {
    if (Buffer.byteLength(file.name) > 100) throw new RangeError(`tar: name longer than 100 bytes: ${file.name}`);
    const header = Buffer.alloc(512);
    header.write(file.name, 0);
    octal(header, file.mode, 100, 8); octal(header, 0, 108, 8); octal(header, 0, 116, 8);
    octal(header, file.data.length, 124, 12); octal(header, 0, 136, 12);
    header.write('        0', 148);
    header.write('ustar\x0000', 257);
    let sum = 0;
    for (const byte of header) sum += byte;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, file.data, Buffer.alloc((512 - file.data.length % 512) % 512));
  }
  parts.push(Buffer.alloc(1024));
  return Buffer.concat(parts);
}

function octal(header: Buffer, value: number, at: number, width: number): void {
  header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
}
