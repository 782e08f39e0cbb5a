// Certificates and requests for them: the library behind, loaded when something has to be signed or read (~60 ms), and what requests say.
import { webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';

let loaded: Promise<typeof X509> | undefined;

/** The library, ready to use. */
export function x509(): Promise<typeof X509> {
  loaded ??= (async () => {
    await import('reflect-metadata');
    // The package is CommonJS for Node: a bundle gives its exports as `default`.
    const imported = await import('@peculiar/x509') as typeof X509 & { default?: typeof X509 };
    const lib = imported.default ?? imported;
    lib.cryptoProvider.set(webcrypto);
    return lib;
  })();
  return loaded;
}

/** What a PKCS#10 request asks for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dns: readonly string[]; readonly ips: readonly string[]; readonly emails: readonly string[]; readonly uris: readonly string[];
}

/** Reads a request in PEM. Throws Error with a text for people when it is none or its signature does not hold. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  if (!/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/.test(pem)) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const lib = await x509(), request = new lib.Pkcs10CertificateRequest(pem);
  const subject = request.subjectName.toJSON(), values = (key: string): string[] => subject.flatMap(part => part[key] ?? []);
  const names = request.extensions.find(e => e instanceof lib.SubjectAlternativeNameExtension)?.names.items ?? [];
  const of = (type: string): string[] => names.filter(n => n.type === type).map(n => n.value);
  return { commonName: values('CN')[0] ?? '', organizations: values('O'), dns: of('dns'), ips: of('ip'), emails: of('email'), uris: of('url') };
}
