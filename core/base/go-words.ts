/** System errors of connections in the words Go uses for them, which clients and people look for. `address` is host:port. */
export function goWords(e: Error & { code?: string }, address: string): string {
  switch (e.code) {
    case 'ECONNREFUSED': return `dial tcp ${address}: connect: connection refused`;
    case 'ENOTFOUND': return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`;
    case 'EHOSTUNREACH': return `dial tcp ${address}: connect: no route to host`;
    case 'ENETUNREACH': return `dial tcp ${address}: connect: network is unreachable`;
    case 'ETIMEDOUT': return `dial tcp ${address}: i/o timeout`;
    case 'ECONNRESET': return /hang up/.test(e.message) ? 'EOF' : `read tcp ${address}: read: connection reset by peer`;
    default: return e.message;
  }
}
