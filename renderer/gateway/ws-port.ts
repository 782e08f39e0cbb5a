// The browser's way to the host: a WebSocket to where the page came from. In Electron the preload offers `connect` instead.
import type { FramePort } from '../../electron/contract/frames.ts';

declare global {
  interface Window { pilothouse?: { connect(): void } }
}

/** Rejects when the connection cannot be made. */
export function openPort(): Promise<FramePort> {
  return window.pilothouse ? handedPort(window.pilothouse).then(messagePort) : webSocketPort(new URL('gateway', location.href.replace(/^http/, 'ws').replace(/#.*/, '')).href);
}

/** A port cannot cross Electron's context bridge as a value: the preload posts it to the page. */
function handedPort(bridge: { connect(): void }): Promise<MessagePort> {
  return new Promise(done => {
    const listen = (e: MessageEvent): void => {
      if (e.source !== window || e.data !== 'pilothouse-port' || !e.ports[0]) return;
      window.removeEventListener('message', listen);
      done(e.ports[0]);
    };
    window.addEventListener('message', listen);
    bridge.connect();
  });
}

function webSocketPort(url: string): Promise<FramePort> {
  return new Promise((done, fail) => {
    const socket = new WebSocket(url);
    const closers: ((why: string) => void)[] = [];
    socket.onerror = () => fail(new Error('The host does not answer'));
    socket.onclose = e => { for (const c of closers) c(e.reason || 'The host closed the connection'); };
    socket.onopen = () => done({
      send: frame => socket.send(JSON.stringify(frame)),
      onFrame: listener => { socket.onmessage = e => listener(JSON.parse(String(e.data))); },
      onClose: listener => { closers.push(listener); },
      close: () => socket.close(),
    });
  });
}

/** Frames travel structured; the other side closes by sending null, because a MessagePort does not tell. */
function messagePort(port: MessagePort): FramePort {
  const closers: ((why: string) => void)[] = [];
  return {
    send: frame => port.postMessage(frame),
    onFrame: listener => {
      port.onmessage = e => { if (e.data === null) for (const c of closers) c('The host stopped'); else listener(e.data); };
      port.start();
    },
    onClose: listener => { closers.push(listener); },
    close: () => port.close(),
  };
}

/** The session token from the fragment; kept for reloads of this tab and taken out of the address bar. */
export function takeToken(): string | undefined {
  const match = /(?:^#|&)token=([^&]+)/.exec(location.hash);
  if (match) {
    sessionStorage.setItem('token', decodeURIComponent(match[1]!));
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem('token') ?? undefined;
}
