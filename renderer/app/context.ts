// How components reach the app.
import { createContext, useContext } from 'react';
import type { App } from './feature.ts';

export const AppContext = createContext<App | undefined>(undefined);
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('useApp outside of the app');
  return app;
}
