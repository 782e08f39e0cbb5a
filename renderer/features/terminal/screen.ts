// The xterm of one terminal tab: colours from our tokens, fitted to its box, search, the graphics card where there is one.
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal, type ITheme } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { themeName, token } from '../../theme/theme.ts';

const SCROLLBACK = 10_000;

export interface Screen { term: Terminal; search: SearchAddon; fit(): void; dispose(): void }

export function openScreen(box: HTMLElement, platform: string): Screen {
  const mono = getComputedStyle(document.documentElement).getPropertyValue('--mono').trim();
  const term = new Terminal({ fontFamily: mono, fontSize: 13, lineHeight: 1.2, scrollback: SCROLLBACK, cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches, theme: colours(), allowProposedApi: true, macOptionIsMeta: true, rightClickSelectsWord: platform === 'darwin' });
  const fitter = new FitAddon();
  const search = new SearchAddon();
  term.loadAddon(fitter);
  term.loadAddon(search);
  term.open(box);
  try {
    const gl = new WebglAddon();
    // A lost context draws nothing any more: without the addon xterm goes back to plain elements.
    gl.onContextLoss(() => gl.dispose());
    term.loadAddon(gl);
  } catch (e) { console.info('terminal without graphics card', e); }
  const off = themeName.subscribe(() => { term.options.theme = colours(); });
  const fit = (): void => { if (box.clientWidth > 20 && box.clientHeight > 20) fitter.fit(); };
  const observer = new ResizeObserver(fit);
  observer.observe(box);
  fit();
  return { term, search, fit, dispose: () => { observer.disconnect(); off(); term.dispose(); } };
}

function colours(): ITheme {
  const light = themeName.get() === 'light';
  return {
    background: token('main'), foreground: token('ink'), cursor: token('accent'), cursorAccent: token('main'), selectionBackground: token('accent-line'),
    black: light ? '#18202c' : '#4a5463', red: token('bad'), green: token('good'), yellow: token('warning'), blue: token('accent'), magenta: token('log4'), cyan: token('busy'), white: light ? '#566173' : '#dde4ee',
    brightBlack: token('faint'), brightRed: token('bad'), brightGreen: token('good'), brightYellow: token('warning'), brightBlue: token('accent'), brightMagenta: token('log4'), brightCyan: token('busy'), brightWhite: light ? '#18202c' : '#ffffff',
  };
}
