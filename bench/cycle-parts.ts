/**
 * The time of an uncontended cycle, compared with a put and a delete by the SDK alone, part by part
 * (docs/decisions/0009): the lock's two requests; these with the middleware that reads their date; with a signal; the
 * lock itself, by the SDK's client and by the light one; and the lock with clocks, timers and random bytes that cost nothing.
 *
 *     npm run bench:cycle     about two minutes, on an idle machine
 */
import {
  DeleteItemCommand,
  type DeleteItemInput,
  type ServiceInputTypes,
  UpdateItemCommand,
  type UpdateItemInput,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../runtime/core/clock.js';
import type { Randomness } from '../runtime/core/lock-manager.js';
import { type Ours, putAndDelete, Stage } from './stage.js';
import { pairedRatio, times } from './statistics.js';

const PAIRS = 200;
const CYCLES = 20;

/** Time stands still, and timers never fire. */
const startMs = Date.now();
const timer = { cancel() {} };
const freeClock: Clock = { monotonicMs: () => 0, wallMs: () => startMs, after: () => timer };

/** A counter, so that no two holds get the same id. */
const count = new Uint32Array(4);
const countedBytes = new Uint8Array(count.buffer);
const freeRandomness: Randomness = {
  bytes: () => {
    count[0] = (count[0] ?? 0) + 1;
    return countedBytes;
  },
  fraction: () => 0.5,
};

const stage = await Stage.set();
try {
  const counted = stage.client();
  const { client } = counted;
  const cycleOf = ({ locks }: Ours) => {
    const lock = locks.createLock('cycle');
    return async (): Promise<void> => (await lock.acquire()).release();
  };
  const cycle = cycleOf(stage.ours({}, counted));

  const lightLock = stage.light().createLock('light');
  const lightCycle = async (): Promise<void> => (await lightLock.acquire()).release();

  // Records what the lock sends; the SDK then sends the same alone.
  const inputs: ServiceInputTypes[] = [];
  const record = { step: 'initialize', name: 'benchRecord' } as const;
  client.middlewareStack.add(
    (next) => (args) => {
      inputs.push(args.input);
      return next(args);
    },
    record,
  );
  await cycle();
  client.middlewareStack.remove(record.name);
  const [update, remove] = inputs as [UpdateItemInput, DeleteItemInput];

  /** The lock's two requests, with or without the client's middleware and signal. */
  const twoRequests = ({ isDated = false, isAbortable = false }) => {
    const dress = <C extends UpdateItemCommand | DeleteItemCommand>(command: C): C => {
      // The types of the commands differ; any of them will do here.
      const { middlewareStack } = command as UpdateItemCommand;
      if (isDated) middlewareStack.add((next) => async (args) => next(args), { step: 'deserialize' });
      return command;
    };
    const options = () => (isAbortable ? { abortSignal: new AbortController().signal } : undefined);
    return async (): Promise<void> => {
      await client.send(dress(new UpdateItemCommand(update)), options());
      await client.send(dress(new DeleteItemCommand(remove)), options());
    };
  };
  const parts = {
    'its update and delete': twoRequests({}),
    'with their date': twoRequests({ isDated: true }),
    'and abortable': twoRequests({ isDated: true, isAbortable: true }),
    'the lock': cycle,
    'the lock by the light client': lightCycle,
    'its clocks etc. for nothing': cycleOf(stage.ours({}, counted, freeClock, freeRandomness)),
  };

  for (const [name, run] of Object.entries(parts)) {
    const ratio = await pairedRatio(
      PAIRS,
      times(CYCLES, run),
      times(CYCLES, () => putAndDelete(client, stage.table, 'floor')),
    );
    console.log(`${name.padEnd(30)} ${ratio.toFixed(3)}`);
  }
} finally {
  await stage.strike();
}
process.exit(0);
