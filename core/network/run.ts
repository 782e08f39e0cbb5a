// Runs the machine's network tools. Arguments never pass through a shell.
import { spawn } from 'node:child_process';

/** Resolves with stdout; rejects with the command and its stderr when it fails. */
export function run(command: string, args: readonly string[], stdin = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '';
    child.stdout.setEncoding('utf8').on('data', (d: string) => { out += d; });
    child.stderr.setEncoding('utf8').on('data', (d: string) => { err += d; });
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) resolve(out); else reject(new Error(`${command} ${args.join(' ')}: ${err.trim() || `exit ${code}`}`));
    });
    child.stdin.on('error', e => { err += String(e); });
    child.stdin.end(stdin);
  });
}
