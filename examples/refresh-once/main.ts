import { getLockFactory } from '../../runtime/index.js';

interface Token {
  readonly access: string;
}

/**
 * Gets an access token that all processes share: whoever finds none that is fresh fetches one, once, and the
 * others wait for that. The table's name is in `LYNK_TABLE_NAME`. Argument: the address of the token's issuer.
 */
const [issuer = ''] = process.argv.slice(2);
const factory = getLockFactory();

async function accessToken(): Promise<Token> {
  return factory.singleFlight('access-token', { freshSeconds: 300 }, async (held) => {
    const answer = await fetch(issuer, { method: 'POST', signal: held.signal });
    if (!answer.ok) throw new Error(`no token: ${answer.status}`);
    return (await answer.json()) as Token;
  });
}

const tokens = await Promise.all([accessToken(), accessToken(), accessToken()]);
for (const { access } of tokens) console.log(`token: ${access}`);
