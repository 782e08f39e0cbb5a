// What is never believed of somebody who comes over the network.

/** Groups that begin so are given by the host's own process alone, to its controllers and nodes: whoever else names one, whoever signed for it, does not have it. */
const PROCESS_ONLY = 'pilothouse:';

/** The groups of a user from outside, without those of the process itself. */
export const fromOutside = (groups: readonly string[]): string[] => groups.filter(g => !g.startsWith(PROCESS_ONLY));
