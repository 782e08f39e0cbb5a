import { describe, expect, it } from 'vitest';
import { requested } from './requested.ts';

/** openssl req -new -subj "/O=devs/O=ops/CN=äda" -addext "subjectAltName=DNS:a.example.com,IP:10.0.0.1,IP:fd00::1,email:a@b.c" | base64 */
const REQUEST = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQk1UQ0IyQUlCQURBc01RMHdDd1lEVlFRS0RBUmtaWFp6TVF3d0NnWURWUVFLREFOdmNITXhEVEFMQmdOVgpCQU1NQk1Pa1pHRXdXVEFUQmdjcWhrak9QUUlCQmdncWhrak9QUU1CQndOQ0FBUzlwZU1mdW42dGY2a2QyczFYCjNwcDZYTHZoZ29BTjFrVjdzYjl0WHFDaXJ6Rmc3ZzlKMjJiNXU4SVhhVFVXMzdOS0dnZWhKSlQwcGhDamhGM0oKUVhFaW9Fb3dTQVlKS29aSWh2Y05BUWtPTVRzd09UQTNCZ05WSFJFRU1EQXVnZzFoTG1WNFlXMXdiR1V1WTI5dApod1FLQUFBQmh4RDlBQUFBQUFBQUFBQUFBQUFBQUFBQmdRVmhRR0l1WXpBS0JnZ3Foa2pPUFFRREFnTklBREJGCkFpRUE1WVF2SUxtK1lZc1pDMFpSTklERXg2RkFneVo4OTRXUzR3SDV3OEN0ZW9RQ0lHTFR3TUk0MFkzR3ZTV1cKREM1OU4ralB1bE9CbjJnZkVITVBnYlRabEwrMgotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';

describe('what a certificate request asks for', () => {
  it('is read from its PEM: the subject and every other name', () => {
    expect(requested(REQUEST)).toEqual({ subject: ['O=devs', 'O=ops', 'CN=äda'], names: ['a.example.com', '10.0.0.1', 'fd00:0:0:0:0:0:0:1', 'a@b.c'] });
  });
  it('is unknown where it cannot be read, whatever was sent', () => {
    expect(requested(undefined)).toBeUndefined();
    expect(requested(btoa('no request'))).toBeUndefined();
    const der = (bytes: number[]): string => btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${btoa(String.fromCharCode(...bytes))}\n-----END CERTIFICATE REQUEST-----\n`);
    expect(requested(der([0x30, 0x84, 1, 1, 1, 1]))).toBeUndefined();
    expect(requested(der([0x30, 5, 1]))).toBeUndefined();
    for (let cut = 1; cut < 200; cut += 7) expect(() => requested(der([...atob(atob(REQUEST).replace(/-----[^-]+-----/g, ''))].slice(0, cut).map(c => c.charCodeAt(0))))).not.toThrow();
  });
});
