import { UnusableConnection } from '../store/connection.js';

/** What signs requests. */
export interface AwsCredentials {
  /** The key's name. */
  readonly accessKeyId: string;
  /** The key. It is never sent. */
  readonly secretAccessKey: string;
  /** Temporary credentials have one. */
  readonly sessionToken?: string;
  /** When they end to be valid. They are asked for anew some minutes before. */
  readonly expiration?: Date;
}

/** Finds credentials. */
export type CredentialsProvider = () => Promise<AwsCredentials>;

/** Credentials that are nearer to their end are asked for anew, as by the SDK. */
const REFRESH_MS = 300_000;

/** Keeps what a provider found, until shortly before it expires. Callers at the same time share one answer. */
export class Kept {
  private found: AwsCredentials | undefined;
  private asking: Promise<AwsCredentials> | undefined;

  constructor(private readonly provider: CredentialsProvider) {}

  async get(): Promise<AwsCredentials> {
    const leftMs = (this.found?.expiration?.getTime() ?? 0) - Date.now();
    if (this.found && leftMs > REFRESH_MS) return this.found;
    this.asking ??= this.ask();
    try {
      return await this.asking;
    } catch (error) {
      // They are still good, and the provider may answer the next time.
      if (this.found && leftMs > 0) return this.found;
      throw error;
    }
  }

  private async ask(): Promise<AwsCredentials> {
    try {
      const found = await this.provider();
      if (!found?.accessKeyId || !found.secretAccessKey) {
        throw new UnusableConnection('the option credentials resolved to no accessKeyId and secretAccessKey');
      }
      this.found = found;
      return found;
    } finally {
      this.asking = undefined;
    }
  }
}
