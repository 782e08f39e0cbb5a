import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string): string => decodeURIComponent(new URL(path, import.meta.url).pathname);

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [react()],
  resolve: {
    alias: [
      // monaco-editor 0.57 has an exports map; packages written for its old layout still ask for esm/vs/….
      { find: /^monaco-editor\/esm\/vs\//, replacement: 'monaco-editor/' },
    ],
  },
  worker: { format: 'es' },
  build: {
    outDir: here('../dist/renderer'), emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 4000, modulePreload: { polyfill: false },
    // A data: URL would need the policy to be wider than it is.
    assetsInlineLimit: 0,
  },
});
