// The Python client of the distribution (Debian's python3-kubernetes), driven by scripts.
import { execFile } from 'node:child_process';

/** What a script prints, after `kubernetes` is imported and configured; rejects with its traceback when it fails. `names` become variables of the script. */
export function python(kubeconfig: string, script: string, names: Readonly<Record<string, string>> = {}): Promise<string> {
  const head = `import json, threading, logging\nfrom kubernetes import client, config, watch, dynamic\nconfig.load_kube_config(${JSON.stringify(kubeconfig)})\nv1 = client.CoreV1Api()\n${Object.entries(names).map(([k, v]) => `${k} = ${JSON.stringify(v)}\n`).join('')}`;
  return new Promise((resolve, reject) => {
    execFile('/usr/bin/python3', ['-c', head + script], { encoding: 'utf8', timeout: 50_000 }, (e, out, err) => { if (e) reject(new Error(`${e.message}\n${err}`)); else resolve(out); });
  });
}
