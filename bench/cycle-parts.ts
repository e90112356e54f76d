/**
 * The time of an uncontended cycle, compared with a put and a delete by the SDK alone, part by part
 * (docs/decisions/0009): the lock's two requests by a client of the user's own; these with the middleware that reads
 * their date; with a signal; the same two by the default client; the lock by each kind of client; and the lock by the
 * default client with clocks, timers and random bytes that cost nothing.
 *
 *     npm run bench:cycle [-- PAIRS]     some minutes; the ratios are right on an idle machine only
 */
import { loadavg } from 'node:os';
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
import { pairedRatios, times } from './statistics.js';

const PAIRS = Number(process.argv[2] ?? 200);
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
  const own = stage.default();
  const never = new AbortController().signal;
  const byDefault = async (): Promise<void> => {
    // The middleware knows a request by its input.
    await own.connection.send('UpdateItem', { ...update }, never);
    await own.connection.send('DeleteItem', { ...remove }, never);
  };
  const parts = {
    'its update and delete': twoRequests({}),
    'with their date': twoRequests({ isDated: true }),
    'and abortable': twoRequests({ isDated: true, isAbortable: true }),
    'all this by the default client': byDefault,
    'the lock by a client of the user’s own': cycle,
    'the lock by the default client': cycleOf(stage.ours({}, own)),
    'its clocks etc. for nothing': cycleOf(stage.ours({}, own, freeClock, freeRandomness)),
    'the lock by the light client': lightCycle,
  };

  console.log(`Node.js ${process.version}, a load of ${loadavg()[0]?.toFixed(1)}; processor time, time`);
  for (const [name, run] of Object.entries(parts)) {
    const { cpu, wall } = await pairedRatios(
      PAIRS,
      times(CYCLES, run),
      times(CYCLES, () => putAndDelete(client, stage.table, 'floor')),
    );
    console.log(`${name.padEnd(40)} ${cpu.toFixed(3)} ${wall.toFixed(3)}`);
  }
} finally {
  await stage.strike();
}
process.exit(0);
