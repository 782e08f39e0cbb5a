declare module '*.css';
declare module '#locales/en.json' { const catalogue: Record<string, unknown>; export default catalogue; }
