import type { Readable } from 'node:stream';

/**
 * All bytes of an answer's body.
 * @throws an error in transit if they do not come in time, or the connection ends before
 */
export function bytesOf(body: Readable, limitMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      body.destroy(Object.assign(new Error(`an answer had no end after ${limitMs} ms`), { name: 'TimeoutError' }));
    }, limitMs);
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    body.once('error', reject);
    body.once('close', () => {
      clearTimeout(timer);
      reject(Object.assign(new Error('an answer was cut off'), { code: 'ECONNRESET' }));
    });
  });
}
