// Image references, as far as the API needs to understand them.

/** The tag an image runs under: `latest` when neither tag nor digest is given, '' with a digest alone. */
export function imageTag(image: string): string {
  const digest = image.indexOf('@');
  const name = digest < 0 ? image : image.slice(0, digest);
  const colon = name.lastIndexOf(':');
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1);
  return digest < 0 ? 'latest' : '';
}

/** The pull policy of a container that names none. */
export const pullPolicyFor = (image: string): 'Always' | 'IfNotPresent' => (imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent');
