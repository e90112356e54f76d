import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { CounterAnswer, CounterRequest } from '../counter-keeper.js';

/** A worker's connection to the counter keeper: reached directly, never through the faulty network. */
export class Counter {
  private readonly socket: Socket;
  private readonly waiting: ((answer: CounterAnswer) => void)[] = [];

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setNoDelay(true);
    createInterface(this.socket).on('line', (line) => this.waiting.shift()?.(JSON.parse(line) as CounterAnswer));
  }

  async read(lock: string, section: string): Promise<number> {
    const answer = await this.ask({ ask: 'read', lock, section });
    if ('value' in answer) return answer.value;
    throw new Error('the counter keeper answered a read as a write');
  }

  /** Whether the write arrived while its writer still believed. */
  async write(lock: string, section: string, value: number, until: number): Promise<boolean> {
    const answer = await this.ask({ ask: 'write', lock, section, value, until });
    if ('accepted' in answer) return answer.accepted;
    throw new Error('the counter keeper answered a write as a read');
  }

  close(): void {
    this.socket.destroy();
  }

  private ask(request: CounterRequest): Promise<CounterAnswer> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket.write(`${JSON.stringify(request)}\n`);
    });
  }
}
