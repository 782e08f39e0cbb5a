import { expect, it } from 'vitest';
import { canonical, familiar, parseReference } from './reference.ts';

it.each([
  ['nginx', 'docker.io/library/nginx:latest'], ['nginx:1.12.0', 'docker.io/library/nginx:1.12.0'], ['docker.io/nginx', 'docker.io/library/nginx:latest'], ['me/app:v1', 'docker.io/me/app:v1'],
  ['localhost/app', 'localhost/app:latest'], ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'], [`r.example/x@sha256:${'a'.repeat(64)}`, `r.example/x@sha256:${'a'.repeat(64)}`], [`r.example/x:1@sha256:${'a'.repeat(64)}`, `r.example/x@sha256:${'a'.repeat(64)}`],
])('%s is %s', (ref, name) => { expect(canonical(ref)).toBe(name); });
it.each(['', 'UPPER', 'a//b', 'a:b:c', 'a@sha256:1', '-x', 'a/b:!', 'https://x/y'])('refuses "%s"', ref => { expect(() => parseReference(ref)).toThrow(expect.objectContaining({ reason: 'InvalidImageName' })); });
it('shows the short form', () => { expect(familiar('docker.io/library/nginx:latest')).toBe('nginx:latest'); expect(familiar('docker.io/me/a:1')).toBe('me/a:1'); expect(familiar('localhost:5000/a:1')).toBe('localhost:5000/a:1'); });
