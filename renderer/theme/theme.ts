// MUI wears our tokens: behaviour and accessibility are its own, the face is tokens.css.
import { createTheme } from '@mui/material/styles';
import { Store } from '../base/store.ts';

export type ThemeChoice = 'system' | 'light' | 'dark' | 'contrast';
export type ThemeName = 'light' | 'dark' | 'contrast';

const KEY = 'pilothouse.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');
const resolve = (choice: ThemeChoice): ThemeName => (choice !== 'system' ? choice : contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'light');

/** What the user chose; kept by the browser as well so that the first paint has the right colours. */
export const themeChoice = new Store<ThemeChoice>((localStorage.getItem(KEY) as ThemeChoice | null) ?? 'system');
/** What is shown. Editors and terminals take their colours from it. */
export const themeName = new Store<ThemeName>(resolve(themeChoice.get()));

function apply(): void {
  const name = resolve(themeChoice.get());
  // First the page: whoever hears of the new theme reads its tokens there.
  document.documentElement.dataset.theme = name;
  themeName.set(name);
}
export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(KEY, choice);
  themeChoice.set(choice);
  apply();
}
dark.addEventListener('change', apply);
contrast.addEventListener('change', apply);
apply();

/** The value of a token as it is now, for canvases and editors that do not read CSS variables. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const float = { backgroundColor: 'var(--raised)', backgroundImage: 'none', color: 'var(--ink)', border: '1px solid var(--hairline)', boxShadow: 'var(--shadow)', borderRadius: 6 };
// MUI computes shades from palette colours, so these are plain values; everything visible is set by the overrides below.
export const makeTheme = (name: ThemeName) => createTheme({
  palette: { mode: name === 'light' ? 'light' : 'dark', primary: { main: name === 'light' ? '#2b5bc7' : '#7fa5ff' }, error: { main: name === 'light' ? '#b3261e' : '#ff8a80' } },
  typography: { fontFamily: 'var(--font)', fontSize: 13, htmlFontSize: 16, button: { textTransform: 'none', fontWeight: 500 } },
  shape: { borderRadius: 4 },
  spacing: 4,
  transitions: { duration: { shortest: 80, shorter: 90, short: 100, standard: 110, complex: 120, enteringScreen: 110, leavingScreen: 80 } },
  components: {
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    MuiButton: {
      defaultProps: { disableElevation: true, size: 'small' },
      styleOverrides: {
        root: { minWidth: 0, height: 28, padding: '0 12px', fontSize: 13, lineHeight: '18px', borderRadius: 4, boxShadow: 'none', '&.Mui-focusVisible': { outline: '2px solid var(--accent)', outlineOffset: 1 } },
        contained: { background: 'var(--accent)', color: 'var(--accent-ink)', '&:hover': { background: 'var(--accent)', filter: 'brightness(1.08)', boxShadow: 'none' }, '&.MuiButton-colorError': { background: 'var(--bad)', color: 'var(--main)' } },
        outlined: { borderColor: 'var(--strong-line)', color: 'var(--ink)', '&:hover': { background: 'var(--hover)', borderColor: 'var(--strong-line)' } },
        text: { color: 'var(--ink)', '&:hover': { background: 'var(--hover)' } },
      },
    },
    MuiPaper: { styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiDialog: { styleOverrides: { paper: { ...float, minWidth: 420, maxWidth: 720 } } },
    MuiBackdrop: { styleOverrides: { root: { background: 'var(--scrim)', '&.MuiBackdrop-invisible': { background: 'transparent' } } } },
    MuiDialogTitle: { styleOverrides: { root: { fontSize: 15, lineHeight: '20px', fontWeight: 600, padding: '16px 20px 8px' } } },
    MuiDialogContent: { styleOverrides: { root: { padding: '4px 20px 12px', fontSize: 13, lineHeight: '18px' } } },
    MuiDialogActions: { styleOverrides: { root: { padding: '8px 20px 16px', gap: 8 } } },
    MuiMenu: { defaultProps: { transitionDuration: 80 }, styleOverrides: { paper: { ...float, marginTop: 2 }, list: { padding: 4 } } },
    MuiMenuItem: { styleOverrides: { root: { fontSize: 13, lineHeight: '18px', minHeight: 28, padding: '4px 8px', borderRadius: 4, gap: 8, '&:hover, &.Mui-focusVisible': { background: 'var(--hover)' }, '&.Mui-selected': { background: 'var(--chosen)' } } } },
    MuiDivider: { styleOverrides: { root: { borderColor: 'var(--hairline)', '&.MuiDivider-root': { margin: '4px 0' } } } },
    MuiTooltip: { defaultProps: { enterDelay: 400, enterNextDelay: 200, disableInteractive: true }, styleOverrides: { tooltip: { ...float, fontSize: 12, lineHeight: '16px', fontWeight: 400, padding: '4px 8px', maxWidth: 480 } } },
    MuiCheckbox: { defaultProps: { size: 'small' }, styleOverrides: { root: { padding: 4 } } },
  },
});
