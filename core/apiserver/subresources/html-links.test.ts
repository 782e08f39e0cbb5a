import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { forwardPage, throughProxy } from './html-links.ts';

const PREFIX = '/api/v1/namespaces/a/pods/web:80/proxy';
const link = (address: string): string => throughProxy(address, ['10.0.0.7:80', 'localhost:6443'], PREFIX);

it('addresses of the target lead through the proxy, others stay', () => {
  expect(['/', '/x?y=1#z', 'http://10.0.0.7:80/x', '//localhost:6443/x', `${PREFIX}/x`].map(link)).toEqual([`${PREFIX}/`, `${PREFIX}/x?y=1#z`, `${PREFIX}/x`, `${PREFIX}/x`, `${PREFIX}/x`]);
  for (const other of ['', 'x', './x', '?q', '#top', 'https://example.com/x', '//example.com/x', 'mailto:a@b', 'data:,/x', 'javascript:/x/']) expect(link(other)).toBe(other);
});

/** The page in pieces of `size` bytes, as it comes out. */
async function page(bytes: Buffer, size: number, coding?: 'gzip'): Promise<Buffer> {
  const out = new PassThrough(), all = buffer(out);
  await forwardPage(Readable.from((function* () { for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size); })()), out, coding, link);
  return all;
}

it('rewrites the addresses of elements and nothing else, however the page is cut or compressed', async () => {
  const before = Buffer.from('<!DOCTYPE html><!-- href="/x" --><A HREF="/a?b=1&amp;c" data-href="/no">/not "href=/x" &eacute;</A><script src=/s.js>let u = "<a href=\'/js\'>";</script><img alt="\xe9" src=\'/i.png\'><a href="up">\xff</a>', 'latin1');
  const after = Buffer.from(`<!DOCTYPE html><!-- href="/x" --><a href="${PREFIX}/a?b=1&amp;c" data-href="/no">/not "href=/x" &eacute;</A><script src="${PREFIX}/s.js">let u = "<a href='/js'>";</script><img alt="\xe9" src="${PREFIX}/i.png"><a href="up">\xff</a>`, 'latin1');
  for (const size of [1, 7, 4096]) expect((await page(before, size)).toString('latin1')).toBe(after.toString('latin1'));
  expect(gunzipSync(await page(gzipSync(before), 10, 'gzip')).toString('latin1')).toBe(after.toString('latin1'));
});
