// Pages seen through the proxy of a pod, service or node: links to paths of the target lead through the proxy as well
// (apimachinery's pkg/util/proxy/transport.go), so that a page whose links begin with `/` works.
import { pipeline } from 'node:stream/promises';
import { Readable, type Transform, type Writable } from 'node:stream';
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib';
import { RewritingStream } from 'parse5-html-rewriting-stream';

/** Attributes that hold addresses, by element (HTML's own index of attributes). */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'], applet: ['codebase'], area: ['href'], audio: ['src'], base: ['href'], blockquote: ['cite'], body: ['background'], button: ['formaction'], command: ['icon'], del: ['cite'],
  embed: ['src'], form: ['action'], frame: ['longdesc', 'src'], head: ['profile'], html: ['manifest'], iframe: ['longdesc', 'src'], img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'], ins: ['cite'], link: ['href'], object: ['classid', 'codebase', 'data', 'usemap'], q: ['cite'], script: ['src'], source: ['src'], video: ['poster', 'src'],
};
/** Compressions that are opened and closed again. */
const CODINGS: Readonly<Record<'gzip' | 'deflate', readonly [() => Transform, () => Transform]>> = { gzip: [createGunzip, createGzip], deflate: [createInflate, createDeflate] };

/** An address of the target as it leads through the proxy at `prefix`: path, query and fragment; any other address as it is. `hosts`: the names the target goes by. */
export function throughProxy(address: string, hosts: readonly string[], prefix: string): string {
  const m = /^(?:([a-z][a-z\d+.-]*:)?\/\/([^/?#]*))?(\/[^?#]*)([?#].*)?$/is.exec(address);
  if (!m || (m[2] !== undefined && !hosts.includes(m[2]))) return address;
  const path = m[3]!, rest = m[4] ?? '';
  return `${path.startsWith(prefix) ? '' : prefix}${path}${rest}`;
}

/** Passes a page on with `link` applied to every address in it. The rest stays byte for byte, whatever its encoding of characters. */
export async function forwardPage(from: Readable, to: Writable, coding: 'gzip' | 'deflate' | undefined, link: (address: string) => string): Promise<void> {
  const page = new RewritingStream();
  page.on('startTag', (tag, raw) => {
    let changed = false;
    for (const a of tag.attrs) {
      if (LINKS[tag.tagName]?.includes(a.name) !== true) continue;
      const value = link(a.value);
      changed ||= value !== a.value;
      a.value = value;
    }
    if (changed) page.emitStartTag(tag); else page.emitRaw(raw);
  });
  // Every byte is one character on the way: what is not a tag needs no encoding.
  async function* rewritten(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const text = Readable.from((async function* () { for await (const b of bytes) yield b.toString('latin1'); })()).pipe(page);
    for await (const t of text) yield Buffer.from(t as string, 'latin1');
  }
  const pair = coding === undefined ? undefined : CODINGS[coding];
  if (pair) await pipeline(from, pair[0](), rewritten, pair[1](), to); else await pipeline(from, rewritten, to);
}
