// Connections into a pod's network namespace.
import type Docker from 'dockerode';
import { execFile, spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { relayStream } from '../relay.ts';

/** A TCP connection, or the kernel's error. */
export function dialTcp(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => { socket.off('error', reject); resolve(socket); });
  });
}

/**
 * Runs a relay inside a network namespace: bash's /dev/tcp on the host, whose files the network namespace does not change, joined by
 * nsenter. It reaches what listens on the pod's loopback only, which no address from outside does.
 */
export async function dialNamespace(pid: number, port: number): Promise<Duplex> {
  const script = 'exec 3<>"/dev/tcp/127.0.0.1/$0" || exit 1; echo ok >&2; cat <&3 & r=$!; cat >&3; wait $r';
  const child = spawn('nsenter', ['-t', String(pid), '-n', '--', 'bash', '-c', script, String(port)], { stdio: ['pipe', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.stderr.on('data', (d: Buffer) => { said += d.toString(); if (said.startsWith('ok')) resolve(); });
    child.once('close', () => { reject(new Error(/refused/i.test(said) ? `connect ECONNREFUSED 127.0.0.1:${port}` : said.trim() || `no connection to port ${port}`)); });
  });
  return relayStream(child);
}

const run = promisify(execFile);
let possible: Promise<boolean> | undefined;

/** Whether this process may enter other processes' network namespaces (root on the daemon's own Linux machine). */
export function canEnter(): Promise<boolean> {
  possible ??= process.platform === 'linux' && process.getuid?.() === 0
    ? run('nsenter', ['-t', String(process.pid), '-n', 'bash', '-c', ':']).then(() => true, () => false) : Promise.resolve(false);
  return possible;
}

/** The process id of a running container on the daemon's machine, 0 when it does not run. */
export async function pidOf(docker: Docker, id: string): Promise<number> {
  return (await docker.getContainer(id).inspect()).State.Pid;
}
