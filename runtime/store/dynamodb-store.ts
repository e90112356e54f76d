import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  type ScanCommandOutput,
  TransactionCanceledException,
  type TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { LynkError } from '../errors.js';
import {
  type Answer,
  type Consistency,
  type GuardedWrite,
  ItemsRefused,
  type LeftEntry,
  type ListAnswer,
  type ListedPage,
  type LockConditionCheck,
  type LockGuard,
  type LockStore,
  type NewEntry,
  type ReadAnswer,
  type ReadManyAnswer,
  type Refresh,
  type WriteAnswer,
} from '../lock/store.js';
import type { LockEntry } from '../protocol/entry.js';
import { parseDateHeader } from '../protocol/server-clock.js';
import { ENTRY } from '../protocol/wire.js';
import { classifyFailure, isThrottling, noLockTable } from './failure.js';
import { conditionCheck, guardedCommand, judgeCancellation } from './guard.js';
import { entriesFromItems, entryFromItem, fencingTokenOf, type Item, replacedIn, textIn } from './item.js';

type Command =
  | TransactWriteItemsCommand
  | UpdateItemCommand
  | DeleteItemCommand
  | GetItemCommand
  | BatchGetItemCommand
  | ScanCommand;
type Values = NonNullable<UpdateItemCommandInput['ExpressionAttributeValues']>;

/** A listing is not to take the table's throughput from its locks: small pages, one after the other. */
const ENTRIES_A_PAGE = 500;

/** `data` is a reserved word of DynamoDB's expressions. */
const DATA_NAME = { ExpressionAttributeNames: { '#data': ENTRY.data } };

/** How a store reaches DynamoDB. */
export interface Connection {
  /** The client; made only when first asked for. */
  client(): DynamoDBClient;
}

/** Keeps entries in a DynamoDB table, one item each (docs/protocol.md, sections 1 and 2). */
export class DynamoDBStore implements LockStore {
  /** Endpoint and region, once found out. */
  private place: readonly string[] | undefined;

  constructor(
    readonly tableName: string,
    readonly connection: Connection,
  ) {}

  async identify(lockKey: string): Promise<string> {
    try {
      this.place ??= await this.findPlace();
    } catch (error) {
      throw classifyFailure(error, { lockName: lockKey, tableName: this.tableName, action: 'any request' });
    }
    return JSON.stringify([...this.place, this.tableName, lockKey]);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    const values: Values = { ':zero': { N: '0' }, ':text': { S: 'S' } };
    // A kept, free entry is written over only where it is whole: a malformed one is never overwritten.
    const isFree = [
      `${ENTRY.leaseDuration} = :zero`,
      `attribute_type(${ENTRY.versionNumber}, :text)`,
      `attribute_type(${ENTRY.hostIdentifier}, :text)`,
    ].join(' AND ');
    let condition = `attribute_not_exists(${ENTRY.lockKey}) OR (${isFree})`;
    if (expiredVersion !== undefined) {
      condition += ` OR ${ENTRY.versionNumber} = :expired`;
      values[':expired'] = { S: expiredVersion };
    }
    return this.overwrite(entry, condition, values, signal);
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    return this.overwrite(entry, `${ENTRY.versionNumber} = :given`, { ':given': { S: givenVersion } }, signal);
  }

  refresh({ lockKey, holdId, version, expiresAtSeconds, data }: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const values: Values = { ':hold': { S: holdId }, ':version': { S: version } };
    let update = `SET ${ENTRY.versionNumber} = :version`;
    if (data !== undefined) {
      update += ', #data = :data';
      values[':data'] = { S: data };
    }
    if (expiresAtSeconds === undefined) {
      update += ` REMOVE ${ENTRY.expiresAt}`;
    } else {
      update += `, ${ENTRY.expiresAt} = :expires`;
      values[':expires'] = { N: String(expiresAtSeconds) };
    }
    const command = new UpdateItemCommand({
      TableName: this.tableName,
      Key: { [ENTRY.lockKey]: { S: lockKey } },
      UpdateExpression: update,
      ConditionExpression: `contains(${ENTRY.versionNumber}, :hold) AND ${ENTRY.versionNumber} < :version`,
      ...(data !== undefined && DATA_NAME),
      ExpressionAttributeValues: values,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return this.write(lockKey, command, signal);
  }

  isThrottling(error: unknown): boolean {
    return isThrottling(error);
  }

  async release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    const command = new DeleteItemCommand({
      TableName: this.tableName,
      Key: { [ENTRY.lockKey]: { S: lockKey } },
      ConditionExpression: `contains(${ENTRY.versionNumber}, :hold)`,
      ExpressionAttributeValues: { ':hold': { S: holdId } },
    });
    const { dateMs, output } = await this.send(lockKey, 'DeleteItem', command, signal);
    return { dateMs, written: !(output instanceof ConditionalCheckFailedException) };
  }

  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, ours, version, leaseSeconds, expiresAtSeconds, hostIdentifier, data } = left;
    const changes = [
      `${ENTRY.leaseDuration} = :lease`,
      `${ENTRY.versionNumber} = :version`,
      `${ENTRY.expiresAt} = :expires`,
      ...(hostIdentifier === undefined ? [] : [`${ENTRY.hostIdentifier} = :host`]),
      ...(data === undefined ? [] : ['#data = :data']),
    ];
    const command = new UpdateItemCommand({
      TableName: this.tableName,
      Key: { [ENTRY.lockKey]: { S: lockKey } },
      UpdateExpression: `SET ${changes.join(', ')}`,
      ConditionExpression: `contains(${ENTRY.versionNumber}, :ours)`,
      ...(data !== undefined && DATA_NAME),
      ExpressionAttributeValues: {
        ':ours': { S: ours },
        ':lease': { N: String(leaseSeconds) },
        ':version': { S: version },
        ':expires': { N: String(expiresAtSeconds) },
        ...(hostIdentifier !== undefined && { ':host': { S: hostIdentifier } }),
        ...(data !== undefined && { ':data': { S: data } }),
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return this.write(lockKey, command, signal);
  }

  async read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer> {
    const command = new GetItemCommand({
      TableName: this.tableName,
      Key: { [ENTRY.lockKey]: { S: lockKey } },
      ConsistentRead: consistency === 'strong',
    });
    const { dateMs, output } = await this.send(lockKey, 'GetItem', command, signal);
    const item = 'Item' in output ? output.Item : undefined;
    return { dateMs, entry: item && this.entry(item, lockKey) };
  }

  async readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    const Keys = lockKeys.map((lockKey) => ({ [ENTRY.lockKey]: { S: lockKey } }));
    const command = new BatchGetItemCommand({
      RequestItems: { [this.tableName]: { Keys, ConsistentRead: consistency === 'strong' } },
    });
    const { dateMs, output } = await this.send(lockKeys[0] ?? '', 'BatchGetItem', command, signal);
    const { Responses, UnprocessedKeys } = output as BatchGetItemCommandOutput;
    const entries = new Map<string, LockEntry | undefined>(lockKeys.map((lockKey) => [lockKey, undefined]));
    for (const item of Object.values(Responses ?? {}).flat()) {
      const lockKey = textIn(item[ENTRY.lockKey]) ?? '';
      entries.set(lockKey, this.entry(item, lockKey));
    }
    // Throttled, DynamoDB leaves keys out: of those it has not said that nothing is there.
    for (const { Keys: left = [] } of Object.values(UnprocessedKeys ?? {})) {
      for (const key of left) entries.delete(textIn(key[ENTRY.lockKey]) ?? '');
    }
    return { dateMs, entries };
  }

  async list({ prefix, after }: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    const command = new ScanCommand({
      TableName: this.tableName,
      Limit: ENTRIES_A_PAGE,
      ...(after !== undefined && { ExclusiveStartKey: { [ENTRY.lockKey]: { S: after } } }),
      ...(prefix !== '' && {
        FilterExpression: `begins_with(${ENTRY.lockKey}, :prefix)`,
        ExpressionAttributeValues: { ':prefix': { S: prefix } },
      }),
    });
    const { dateMs, output } = await this.send(undefined, 'Scan', command, signal);
    const { Items = [], LastEvaluatedKey } = output as ScanCommandOutput;
    const next = LastEvaluatedKey?.[ENTRY.lockKey]?.S;
    if (LastEvaluatedKey && next === undefined) throw noLockTable({ lockName: undefined, tableName: this.tableName });
    return { dateMs, ...entriesFromItems(Items, this.tableName), next };
  }

  conditionCheck(guard: LockGuard): LockConditionCheck {
    return conditionCheck(this.tableName, guard);
  }

  async transactWrite(write: GuardedWrite, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey } = write.guard;
    const command = guardedCommand(this.tableName, write);
    const { dateMs, output } = await this.send(lockKey, 'TransactWriteItems', command, signal).catch((error) => {
      // It is about the caller's own tables: his to hear, as the SDK says it.
      throw error instanceof LynkError ? new ItemsRefused(error.cause) : error;
    });
    if (!(output instanceof TransactionCanceledException)) return { dateMs, written: true };
    const { written, item } = judgeCancellation(output);
    return { dateMs, written, entry: item && this.entry(item, lockKey) };
  }

  private overwrite(entry: NewEntry, condition: string, values: Values, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, data, fencingSeed, holderTrace } = entry;
    const isNoted = data !== undefined;
    const isTraced = holderTrace !== undefined;
    const isFenced = fencingSeed !== undefined;
    const changes = [
      `${ENTRY.leaseDuration} = :lease`,
      `${ENTRY.versionNumber} = :version`,
      `${ENTRY.hostIdentifier} = :host`,
      `${ENTRY.expiresAt} = :expires`,
      ...(isNoted ? ['#data = :data'] : []),
      ...(isTraced ? [`${ENTRY.holderTrace} = :trace`] : []),
      ...(isFenced ? [`${ENTRY.fencingToken} = if_not_exists(${ENTRY.fencingToken}, :seed) + :one`] : []),
    ];
    const removed = [
      ...(isNoted ? [] : ['#data']),
      ...(isTraced ? [] : [ENTRY.holderTrace]),
      ...(isFenced ? [] : [ENTRY.fencingToken]),
    ];
    // A token that is no number could not be raised, and DynamoDB would refuse without saying which attribute.
    const hasNoNumber = `attribute_exists(${ENTRY.fencingToken}) AND NOT attribute_type(${ENTRY.fencingToken}, :number)`;
    const command = new UpdateItemCommand({
      TableName: this.tableName,
      Key: { [ENTRY.lockKey]: { S: lockKey } },
      UpdateExpression: `SET ${changes.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
      ConditionExpression: isFenced ? `(${condition}) AND NOT (${hasNoNumber})` : condition,
      ...DATA_NAME,
      ExpressionAttributeValues: {
        ...values,
        ':lease': { N: String(entry.leaseSeconds) },
        ':version': { S: entry.version },
        ':host': { S: entry.hostIdentifier },
        ':expires': { N: String(entry.expiresAtSeconds) },
        ...(isNoted && { ':data': { S: data } }),
        ...(isTraced && { ':trace': { S: holderTrace } }),
        ...(isFenced && { ':seed': { N: String(fencingSeed) }, ':one': { N: '1' }, ':number': { S: 'N' } }),
      },
      ReturnValues: 'UPDATED_OLD',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return this.write(lockKey, command, signal, fencingSeed);
  }

  private async write(
    lockKey: string,
    command: UpdateItemCommand,
    signal: AbortSignal,
    fencingSeed?: bigint,
  ): Promise<WriteAnswer> {
    const { dateMs, output } = await this.send(lockKey, 'UpdateItem', command, signal);
    const place = { lockName: lockKey, tableName: this.tableName };
    if (!(output instanceof ConditionalCheckFailedException)) {
      const { Attributes } = output as UpdateItemCommandOutput;
      const answer = { dateMs, written: true, replaced: replacedIn(Attributes) };
      if (fencingSeed === undefined) return answer;
      return { ...answer, fencingToken: (fencingTokenOf(Attributes, place) ?? fencingSeed) + 1n };
    }
    if (fencingSeed !== undefined) fencingTokenOf(output.Item, place);
    if (output.Item) return { dateMs, written: false, entry: this.entry(output.Item, lockKey) };
    // There was none, or this server does not return it.
    return { ...(await this.read(lockKey, 'strong', signal)), written: false };
  }

  /** One request; a failed condition is an answer. */
  private async send(lockName: string | undefined, action: string, command: Command, signal: AbortSignal) {
    let dateMs: Answer['dateMs'];
    // The commands' types differ in what they send and get; here any of them will do.
    const sent = command as GetItemCommand;
    sent.middlewareStack.add(
      (next) => async (args) => {
        // Once an attempt: what counts is the clock of the last answer.
        dateMs = undefined;
        const result = await next(args);
        const { headers } = result.response as { headers?: Record<string, string> };
        dateMs = parseDateHeader(headers?.['date']);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'lynkDate' },
    );
    try {
      const output = await this.connection.client().send(sent, { abortSignal: signal });
      return { dateMs, output };
    } catch (error) {
      const isAnswer =
        error instanceof ConditionalCheckFailedException || error instanceof TransactionCanceledException;
      if (isAnswer) return { dateMs, output: error };
      throw classifyFailure(error, { lockName, tableName: this.tableName, action: `dynamodb:${action}` });
    }
  }

  private entry(item: Item, lockName: string) {
    return entryFromItem(item, { lockName, tableName: this.tableName });
  }

  private async findPlace(): Promise<readonly string[]> {
    const { config } = this.connection.client();
    const endpoint = config.endpoint
      ? JSON.stringify(await config.endpoint())
      : (process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? process.env['AWS_ENDPOINT_URL'] ?? '');
    return [endpoint, await config.region()];
  }
}
