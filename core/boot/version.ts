/** The product's version, and the Kubernetes API version it serves. */
export const VERSION = '0.1.0';
export const GIT_VERSION = `v1.36.0+pilothouse.${VERSION}`;
/** The commit it was built from, which `scripts/build.mjs` writes here; zeros for a build outside a checkout. */
export const GIT_COMMIT = process.env['PILOTHOUSE_COMMIT'] ?? '0'.repeat(40);
