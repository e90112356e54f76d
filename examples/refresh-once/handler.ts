import { getLockFactory, type InvocationContext } from '../../runtime/index.js';

interface Token {
  readonly access: string;
}
const locks = getLockFactory();

/**
 * An issuer's access token that all functions share: whoever finds none that is fresh fetches one, once, and the
 * others wait for that. Whoever may read the table may read it (docs/security.md).
 */
export async function handler({ issuer }: { readonly issuer: string }, context: InvocationContext): Promise<string> {
  const token = await locks.singleFlight(
    `access-token/${issuer}`,
    { freshSeconds: 300, context },
    async (held): Promise<Token> => {
      const answer = await fetch(issuer, { method: 'POST', signal: held.signal });
      if (!answer.ok) throw new Error(`no token: ${answer.status}`);
      return (await answer.json()) as Token;
    },
  );
  return token.access;
}
