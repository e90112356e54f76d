import { UnusableConnection } from '../store/connection.js';
import { containerAddress, credentialsOfContainer } from './container.js';
import { type CredentialsProvider, Kept } from './kept.js';

const NONE =
  'no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as Lambda does, or ' +
  'AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI, as ECS and EKS Pod Identity do, or pass the option ' +
  'credentials to getLockFactory; profiles, SSO and EC2 need cdk-lynk/runtime';

/**
 * The credentials of the environment: those of its variables, which are read anew each time, or those of its
 * container's endpoint, which are kept until shortly before they expire.
 */
export function credentialsOfEnvironment(): CredentialsProvider {
  const kept = new Kept(credentialsOfContainer);
  return async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
    if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
      return {
        accessKeyId: AWS_ACCESS_KEY_ID,
        secretAccessKey: AWS_SECRET_ACCESS_KEY,
        ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
      };
    }
    if (containerAddress() === undefined) throw new UnusableConnection(NONE);
    return kept.get();
  };
}

/** The credentials of a user's own provider. They are kept if they say when they expire. */
export function credentialsOf(provider: CredentialsProvider): CredentialsProvider {
  const kept = new Kept(provider);
  return () => kept.get();
}
