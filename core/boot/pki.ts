// The cluster's own certificate authority and what it signs. Everything is made once and kept below <data>/pki (files 0600);
// a certificate is made again when it is about to expire or its names have changed.
import { X509Certificate, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { x509 } from '../base/x509.ts';

export interface KeyPair { cert: string; key: string }

export interface Names {
  commonName: string;
  /** Groups: the certificate's O. */
  organizations?: readonly string[];
  /** DNS names and IP addresses; present for serving certificates. */
  hosts?: readonly string[];
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;
const CA_DAYS = 3650, LEAF_DAYS = 365, RENEW_DAYS = 30;

const pem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64').replace(/(.{64})/g, '$1\n').trim()}\n-----END PRIVATE KEY-----\n`;
const importKey = (key: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }), ALGORITHM, true, ['sign']);
// Positive 16-byte serials: the first bit must be clear.
const serial = (): string => { const b = randomBytes(16); b[0] = (b[0]! & 0x7f) | 1; return b.toString('hex'); };

function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Bits of the key usage, and identifiers of the extended ones, by Kubernetes' words. */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 1, 'digital signature': 1, 'content commitment': 2, 'key encipherment': 4, 'data encipherment': 8, 'key agreement': 16, 'cert sign': 32, 'crl sign': 64, 'encipher only': 128, 'decipher only': 256,
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0', 'server auth': '1.3.6.1.5.5.7.3.1', 'client auth': '1.3.6.1.5.5.7.3.2', 'code signing': '1.3.6.1.5.5.7.3.3', 'email protection': '1.3.6.1.5.5.7.3.4', 's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5', 'ipsec tunnel': '1.3.6.1.5.5.7.3.6', 'ipsec user': '1.3.6.1.5.5.7.3.7', timestamping: '1.3.6.1.5.5.7.3.8', 'ocsp signing': '1.3.6.1.5.5.7.3.9',
};

/** A certificate for less has its whole time from now on. */
const SHORT_SECONDS = 8 * 3600;

/** The cluster's authority, kept in files of `dir`, and the certificates it signs. */
export class Pki {
  readonly dir: string;
  readonly ca: KeyPair;
  readonly #now: number;

  private constructor(dir: string, ca: KeyPair, now: number) { this.dir = dir; this.ca = ca; this.#now = now; }

  /** Opens or makes the authority in `dir`. `now` in ms. */
  static async open(dir: string, now: number): Promise<Pki> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const cert = join(dir, 'ca.crt'), key = join(dir, 'ca.key');
    if (existsSync(cert) && existsSync(key)) return new Pki(dir, { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }, now);
    const lib = await x509();
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const made = await lib.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(), name: 'CN=pilothouse-ca', notBefore: new Date(now - DAY), notAfter: new Date(now + CA_DAYS * DAY), signingAlgorithm: ALGORITHM, keys,
      extensions: [
        new lib.BasicConstraintsExtension(true, undefined, true),
        new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign | lib.KeyUsageFlags.cRLSign | lib.KeyUsageFlags.digitalSignature, true),
        await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const ca = { cert: `${made.toString('pem')}\n`, key: await pem(keys.privateKey) };
    write(key, ca.key);
    write(cert, ca.cert);
    return new Pki(dir, ca, now);
  }

  /** The certificate kept as `<name>.crt`/`.key`, signed anew when it is missing, expires in 30 days or names others. */
  async issue(name: string, names: Names): Promise<KeyPair> {
    const certFile = join(this.dir, `${name}.crt`), keyFile = join(this.dir, `${name}.key`);
    if (existsSync(certFile) && existsSync(keyFile)) {
      const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
      if (this.#fits(pair.cert, names)) return pair;
    }
    const pair = await this.#sign(names);
    write(keyFile, pair.key);
    write(certFile, pair.cert);
    return pair;
  }

  #fits(certPem: string, names: Names): boolean {
    const c = new X509Certificate(certPem);
    if (Date.parse(c.validTo) < this.#now + RENEW_DAYS * DAY || !c.verify(new X509Certificate(this.ca.cert).publicKey)) return false;
    if (!c.subject.split('\n').includes(`CN=${names.commonName}`)) return false;
    const have = new Set((c.subjectAltName ?? '').split(', ').map(s => s.replace(/^(DNS|IP Address):/, '').toLowerCase()));
    return (names.hosts ?? []).every(h => have.has(h.toLowerCase()) || (isIP(h) === 6 && have.size > 0 && [...have].some(x => isIP(x) === 6 && c.checkIP(h) !== undefined)));
  }

  async #sign(names: Names): Promise<KeyPair> {
    const lib = await x509();
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const issuer = new lib.X509Certificate(this.ca.cert);
    const usages = [...(names.hosts ? [lib.ExtendedKeyUsage.serverAuth] : []), lib.ExtendedKeyUsage.clientAuth];
    const cert = await lib.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: [...(names.organizations ?? []).map(o => ({ O: [o] })), { CN: [names.commonName] }],
      issuer: issuer.subject, notBefore: new Date(this.#now - DAY), notAfter: new Date(this.#now + LEAF_DAYS * DAY),
      signingKey: await importKey(this.ca.key), publicKey: keys.publicKey, signingAlgorithm: ALGORITHM,
      extensions: [
        new lib.BasicConstraintsExtension(false, undefined, true),
        new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
        new lib.ExtendedKeyUsageExtension(usages),
        await lib.AuthorityKeyIdentifierExtension.create(issuer),
        ...(names.hosts?.length ? [new lib.SubjectAlternativeNameExtension(names.hosts.map(h => ({ type: isIP(h) ? 'ip' as const : 'dns' as const, value: h })))] : []),
      ],
    });
    return { cert: `${cert.toString('pem')}\n`, key: await pem(keys.privateKey) };
  }

  /** Signs a certificate request as it stands: its subject, key and names. `usages` in Kubernetes' words, `seconds` from now. Answers PEM. */
  async signRequest(request: string, usages: readonly string[], seconds: number, now: number): Promise<string> {
    const lib = await x509(), csr = new lib.Pkcs10CertificateRequest(request), issuer = new lib.X509Certificate(this.ca.cert);
    const key = usages.reduce((flags, u) => flags | (KEY_USAGES[u] ?? 0), 0), extended = usages.flatMap(u => EXTENDED_USAGES[u] ?? []);
    const names = csr.extensions.find(e => e instanceof lib.SubjectAlternativeNameExtension);
    // A little earlier than now, for clocks that differ, and as much earlier its end, but of a short one that would be too much; never beyond the authority's own end.
    const begin = now - 300_000, notBefore = new Date(begin), notAfter = new Date(Math.min((seconds < SHORT_SECONDS ? now : begin) + seconds * 1000, issuer.notAfter.getTime()));
    const cert = await lib.X509CertificateGenerator.create({
      serialNumber: serial(), subject: csr.subjectName, issuer: issuer.subject, notBefore, notAfter,
      signingKey: await importKey(this.ca.key), publicKey: csr.publicKey, signingAlgorithm: ALGORITHM,
      extensions: [
        new lib.BasicConstraintsExtension(false, undefined, true), ...(key ? [new lib.KeyUsagesExtension(key, true)] : []), ...(extended.length ? [new lib.ExtendedKeyUsageExtension(extended)] : []),
        await lib.AuthorityKeyIdentifierExtension.create(issuer), ...(names ? [names] : []),
      ],
    });
    return `${cert.toString('pem')}\n`;
  }

  /** The ES256 key that signs service-account tokens, PKCS#8 PEM. */
  async serviceAccountKey(): Promise<string> {
    const file = join(this.dir, 'sa.key');
    if (existsSync(file)) return readFileSync(file, 'utf8');
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const text = await pem(keys.privateKey);
    write(file, text);
    return text;
  }

  /** A random bearer token kept in a file, for the user interface's own connection and for tools. */
  token(name: string): string {
    const file = join(this.dir, `${name}.token`);
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
    const text = randomBytes(32).toString('base64url');
    write(file, `${text}\n`);
    return text;
  }
}
