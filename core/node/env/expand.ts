/** Replaces `$(NAME)` by its value and `$$` by `$`; references to names that are not there stay as written (Kubernetes' rule for env, command and args). */
export function expand(text: string, get: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text;
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (all, name: string | undefined) => (name === undefined ? '$' : get(name) ?? all));
}
