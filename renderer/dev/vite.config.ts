import { defineConfig, mergeConfig } from 'vite';
import shipped from '../vite.config.ts';

const here = (path: string): string => decodeURIComponent(new URL(path, import.meta.url).pathname);

// The same window on the mock; goes to build/, which is not packaged.
export default mergeConfig(shipped, defineConfig({ root: here('.'), publicDir: here('../public'), build: { outDir: here('../../build/mock-renderer') } }));
