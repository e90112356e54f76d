import { LightConnection } from '../../../runtime/light/connection.js';
import { clientEnvironment } from '../../server/index.js';

/** A light connection to a test server. */
export function lightConnectionTo(endpoint: string): LightConnection {
  const credentials = async () => ({ accessKeyId: 'test', secretAccessKey: 'test' });
  return new LightConnection(credentials, clientEnvironment(endpoint));
}
