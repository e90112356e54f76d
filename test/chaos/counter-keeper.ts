import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Journal, nowUs } from './journal.js';

/** What a worker asks of the keeper, one JSON object a line; the answers come in the same order. */
export type CounterRequest = { readonly ask: 'read'; readonly lock: string; readonly section: string } | CounterWrite;

interface CounterWrite {
  readonly ask: 'write';
  readonly lock: string;
  readonly section: string;
  readonly value: number;
  /** Monotonic microseconds until which the writer believes that it holds the lock. */
  readonly until: number;
}

export type CounterAnswer = { readonly value: number } | { readonly accepted: boolean };

/** A write that reached the keeper. */
export interface KeptWrite extends CounterWrite {
  readonly at: number;
  readonly accepted: boolean;
}

/**
 * Keeps one counter a lock, in a plain file, for workers that read it, sleep, and write it back. Nothing
 * but the lock guards it: the keeper overwrites, whatever it read before.
 *
 * One thing no lock with a lease can close: a worker that is stopped after its last check and before its
 * write acts on a belief that is long over when it wakes. So a write says until when its writer believes,
 * and one that arrives after that time is refused, by the keeper's clock, as a storage that compares the
 * time, or a fencing token, would. The keeper is never stopped, and compares and writes in one go.
 *
 * That forgives nothing but the delay between check and write. The time is the writer's own word: a client
 * that ignores its deadline says that it believes on, its write is accepted, and overwrites another's.
 */
export class CounterKeeper {
  private readonly server = createServer((socket) => this.serve(socket));
  private readonly journal: Journal;
  /** By lock, the section that read its counter last, until it writes. */
  private readonly inside = new Map<string, string>();

  private constructor(private readonly folder: string) {
    this.journal = new Journal(journalPath(folder));
  }

  static async start(folder: string, locks: readonly string[]): Promise<CounterKeeper> {
    const keeper = new CounterKeeper(folder);
    for (const lock of locks) writeFileSync(counterPath(folder, lock), '0');
    await new Promise<void>((resolve, reject) => {
      keeper.server.once('error', reject);
      keeper.server.listen(0, '127.0.0.1', resolve);
    });
    return keeper;
  }

  get port(): number {
    const address = this.server.address();
    if (typeof address !== 'object' || !address) throw new Error('the counter keeper does not listen');
    return address.port;
  }

  /** Who is, or was last, between reading a counter and writing it. */
  get workersInside(): string[] {
    return [...this.inside.values()].map((section) => section.split('#')[0] ?? '');
  }

  stop(): void {
    this.server.close();
    this.journal.close();
  }

  private serve(socket: Socket): void {
    const lines = createInterface(socket);
    // A killed worker resets its connection, which both report; that concerns nobody.
    socket.on('error', () => socket.destroy());
    lines.on('error', () => lines.close());
    lines.on('line', (line) => {
      socket.write(`${JSON.stringify(this.answer(JSON.parse(line) as CounterRequest))}\n`);
    });
  }

  private answer(request: CounterRequest): CounterAnswer {
    const { lock, section } = request;
    if (request.ask === 'read') {
      this.inside.set(lock, section);
      return { value: readCounter(this.folder, lock) };
    }
    if (this.inside.get(lock) === section) this.inside.delete(lock);
    const at = nowUs();
    const accepted = at <= request.until;
    if (accepted) writeFileSync(counterPath(this.folder, lock), String(request.value));
    this.journal.write({ ...request, at, accepted } satisfies KeptWrite);
    return { accepted };
  }
}

export function readCounter(folder: string, lock: string): number {
  return Number(readFileSync(counterPath(folder, lock), 'utf8'));
}

function counterPath(folder: string, lock: string): string {
  return join(folder, `counter-${lock}`);
}

export function journalPath(folder: string): string {
  return join(folder, 'counter-writes.ndjson');
}
