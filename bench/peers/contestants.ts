import { readFileSync } from 'node:fs';
import { lockTable, type TableResource } from '../../test/server/table.js';
import { VERSIONS } from './install.js';

/** What can be measured. */
export type Discipline = 'cycle' | 'try' | 'handOver' | 'crash' | 'lateCrash' | 'minute' | 'callers';

/** A variant of a library. */
export interface Contestant {
  /** The variant that its worker uses. */
  readonly id: string;
  /** Its name in the registry. */
  readonly name: string;
  readonly way?: string;
  readonly version: string;
  readonly language: 'Node.js' | 'Python' | 'Java';
  readonly table: TableResource;
  /**
   * How a waiter waits: it `sleeps` for leases, `polls`, or tries again at once (`busy`). Sleepers are measured at the
   * same time; busy ones alone, and in few rounds.
   */
  readonly waits: 'sleeps' | 'polls' | 'busy';
  /** What it cannot do, and why. */
  readonly cannot: Partial<Readonly<Record<Discipline, string>>>;
}

function tableOf(id: string, partitionKey: string, sortKey?: readonly [name: string, type: 'S' | 'N']): TableResource {
  const [name, type = 'S'] = sortKey ?? [];
  return {
    ...lockTable(id),
    KeySchema: [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      ...(name ? [{ AttributeName: name, KeyType: 'RANGE' } as const] : []),
    ],
    AttributeDefinitions: [
      { AttributeName: partitionKey, AttributeType: 'S' },
      ...(name ? [{ AttributeName: name, AttributeType: type } as const] : []),
    ],
  };
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const NO_TRY = 'waits for a lease, however few retries it is allowed';
const NO_LEASE = 'has no lease: a crashed holder’s lock stays locked';

const DELIVERY_HERO = {
  name: '@deliveryhero/dynamodb-lock',
  version: VERSIONS.deliveryhero,
  language: 'Node.js',
} as const;
const TRISTANS = { name: 'dynamodb-lock-client', version: VERSIONS.tristans, language: 'Node.js' } as const;

/** This library is the first. */
export const CONTESTANTS: readonly Contestant[] = [
  { id: 'ours', name: 'cdk-lynk', version, language: 'Node.js', table: lockTable('ours'), waits: 'polls', cannot: {} },
  {
    ...DELIVERY_HERO,
    id: 'deliveryhero',
    table: tableOf('deliveryhero', 'lockId', ['lockGroup', 'S']),
    waits: 'sleeps',
    cannot: { try: NO_TRY },
  },
  {
    ...DELIVERY_HERO,
    id: 'deliveryhero-trusting',
    way: 'trustLocalTime, 200 ms',
    table: tableOf('deliveryhero-trusting', 'lockId', ['lockGroup', 'S']),
    waits: 'polls',
    cannot: {},
  },
  {
    ...TRISTANS,
    id: 'FailOpen',
    way: 'FailOpen',
    table: tableOf('FailOpen', 'id'),
    waits: 'sleeps',
    cannot: { try: NO_TRY },
  },
  {
    ...TRISTANS,
    id: 'trustLocalTime',
    way: 'FailOpen, trustLocalTime',
    table: tableOf('trustLocalTime', 'id'),
    waits: 'sleeps',
    cannot: { try: NO_TRY },
  },
  {
    ...TRISTANS,
    id: 'FailClosed',
    way: 'FailClosed, 10 s',
    table: tableOf('FailClosed', 'id'),
    waits: 'sleeps',
    cannot: { crash: NO_LEASE, lateCrash: NO_LEASE, minute: 'has no lease, and nothing to refresh' },
  },
  {
    id: 'lynk',
    name: 'lynk',
    version: VERSIONS.lynk,
    language: 'Python',
    table: lockTable('lynk'),
    waits: 'sleeps',
    cannot: {},
  },
  {
    id: 'python-dynamodb-lock',
    name: 'python-dynamodb-lock',
    version: VERSIONS['python-dynamodb-lock'],
    language: 'Python',
    table: tableOf('python-dynamodb-lock', 'lock_key', ['sort_key', 'S']),
    waits: 'sleeps',
    cannot: {},
  },
  {
    id: 'dynamo-dlm',
    name: 'dynamo-dlm',
    version: VERSIONS['dynamo-dlm'],
    language: 'Python',
    table: tableOf('dynamo-dlm', 'resource_id', ['concurrency_id', 'N']),
    waits: 'busy',
    cannot: { minute: 'never refreshes: after its lease the lock is another’s' },
  },
  {
    id: 'java',
    name: 'amazon-dynamodb-lock-client',
    version: VERSIONS.java,
    language: 'Java',
    table: tableOf('java', 'key'),
    waits: 'polls',
    cannot: {},
  },
];
