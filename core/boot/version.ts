/** The product's version, and the Kubernetes API version it serves. */
export const VERSION = '0.1.0';
export const GIT_VERSION = `v1.36.0+pilothouse.${VERSION}`;
