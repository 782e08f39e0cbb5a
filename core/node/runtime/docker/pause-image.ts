// The pause image, made here: nothing is pulled to start a pod. The program is a tiny static ELF (sources: test/images/pause.S, pause-arm64.S)
// that ignores SIGCHLD (so orphans of a shared PID namespace are reaped), exits on TERM and INT, and sleeps.
import { createHash } from 'node:crypto';
import { packTar } from './tar.ts';

export const PAUSE_IMAGE = 'pilothouse/pause:1';

const PROGRAMS: Record<string, string | undefined> = {
  arm64: 'f0VMRgIBAQAAAAAAAAAAAAIAtwABAAAAeABAAAAAAABAAAAAAAAAAAgBAAAAAAAAAAAAAEAAOAABAEAAAwACAAEAAAAFAAAAeAAAAAAAAAB4AEAAAAAAAHgAQAAAAAAAeAAAAAAAAAB4AAAAAAAAAAQAAAAAAAAA/4MA0f9/AakpAIDSSgCA0ukrAKkgAoDSDwAAlIkCABDpfwCp4AGA0gsAAJRAAIDSCQAAlAAAgNIBAIDSAgCA0gMAgNIEAIDSKAmA0gEAANT5//8X4QMAkQIAgNIDAYDSyBCA0gEAANTAA1/WAACA0qgLgNIBAADUAC5zaHN0cnRhYgAudGV4dAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAsAAAABAAAABgAAAAAAAAB4AEAAAAAAAHgAAAAAAAAAeAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAABAAAAAwAAAAAAAAAAAAAAAAAAAAAAAADwAAAAAAAAABEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAA',
  x64: 'f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeABAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAA0AAAAAAAAADQAAAAAAAAAAAQAAAAAAAAMcBQUGoCagG/EQAAAOguAAAASI0FOAAAAEiJBCTHRCQIAAAABL8PAAAA6BEAAAC/AgAAAOgHAAAAaiJYDwXr+UiNdCQIMdJqCEFaag1YDwXDMf9qPFgPBQ==',
};

/** A docker-archive with the pause image for a daemon of this architecture (Docker's or Node's word for it); undefined where we have no program. */
export function pauseArchive(architecture: string): Buffer | undefined {
  const arch = ({ x86_64: 'x64', amd64: 'x64', aarch64: 'arm64' } as Record<string, string>)[architecture] ?? architecture;
  const program = PROGRAMS[arch];
  if (program === undefined) return undefined;
  const layer = packTar([{ name: 'pause', mode: 0o755, data: Buffer.from(program, 'base64') }]);
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const image = {
    architecture: arch === 'x64' ? 'amd64' : 'arm64', os: 'linux', created: '1970-01-01T00:00:00Z',
    config: { Entrypoint: ['/pause'] }, rootfs: { type: 'layers', diff_ids: [diffId] }, history: [{ created: '1970-01-01T00:00:00Z', created_by: 'pilothouse' }],
  };
  return packTar([
    { name: 'manifest.json', mode: 0o644, data: Buffer.from(JSON.stringify([{ Config: 'config.json', RepoTags: [PAUSE_IMAGE], Layers: ['layer.tar'] }])) },
    { name: 'config.json', mode: 0o644, data: Buffer.from(JSON.stringify(image)) },
    { name: 'layer.tar', mode: 0o644, data: layer },
  ]);
}
