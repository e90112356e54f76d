import type { LockStore } from '../core/store.js';
import { answerTo } from '../entry/inquiry.js';
import type { TableClient } from '../entry/table-client.js';
import type { LockEntryError } from '../errors.js';
import type { WaitOptions } from '../options/held-lock.js';
import {
  check,
  checkedFlag,
  checkedSignal,
  isWellFormed,
  LONGEST_NAME_BYTES,
  refuseUnknown,
} from '../options/validate.js';
import { inspectionOf, type LockInspection } from './inspect.js';

/** How the names of the locks to list begin. */
const checkedPrefix = check<string>(
  (value) => typeof value === 'string' && isWellFormed(value) && Buffer.byteLength(value) <= LONGEST_NAME_BYTES,
  `prefix is how a lock's name begins, up to ${LONGEST_NAME_BYTES} UTF-8 bytes`,
);

const checkedOnMalformed = check<ListOptions['onMalformed']>(
  (value) => value === undefined || typeof value === 'function',
  'onMalformed is a function',
);

/** What `list` takes. */
export interface ListOptions extends WaitOptions {
  /**
   * How the names begin. The whole table is read all the same: DynamoDB looks keys up, it does not search them.
   * @default all locks
   */
  readonly prefix?: string | undefined;
  /**
   * Whether to list free locks too whose entries are kept, for their fencing tokens.
   * @default false
   */
  readonly includeFree?: boolean | undefined;
  /**
   * Hears of each item that is no lock's entry; the listing goes on.
   * @default it is reported to the logger, as a warning
   */
  readonly onMalformed?: ((error: LockEntryError) => void) | undefined;
}

/** Checks the options at once, and reads the first page when the first lock is asked for. */
export function listLocks(
  table: TableClient<LockStore>,
  options: ListOptions,
): AsyncIterableIterator<LockInspection, undefined, undefined> {
  refuseUnknown(options, ['prefix', 'includeFree', 'onMalformed', 'signal'], 'list');
  const { prefix = '' } = options;
  const warn = (error: LockEntryError): void => table.settings.logger.warn(error.message, { lockName: error.lockName });
  return pages(table, {
    prefix: checkedPrefix(prefix),
    includeFree: checkedFlag(options.includeFree, 'includeFree'),
    onMalformed: checkedOnMalformed(options.onMalformed) ?? warn,
    signal: checkedSignal(options.signal),
  });
}

async function* pages(
  table: TableClient<LockStore>,
  { prefix, includeFree, onMalformed, signal }: Required<ListOptions> & { readonly prefix: string },
): AsyncGenerator<LockInspection, undefined, undefined> {
  const { store, manager } = table;
  const subject = { label: `the locks of table "${store.tableName}"`, details: { tableName: store.tableName } };
  let after: string | undefined;
  do {
    const answer = await answerTo(table, subject, (budget) => store.list({ prefix, after }, budget), signal);
    const arrivedMs = manager.clock.monotonicMs();
    for (const error of answer.malformed) await onMalformed?.(error);
    for (const entry of answer.entries) {
      if (entry.leaseSeconds === 0 && !includeFree) continue;
      const queue = manager.listedQueue(await store.identify(entry.lockKey), store.connection);
      const lock = inspectionOf(table, queue, { entry, dateMs: answer.dateMs, arrivedMs });
      if (!lock.isFree || includeFree) yield lock;
    }
    after = answer.next;
  } while (after !== undefined);
  return undefined;
}
