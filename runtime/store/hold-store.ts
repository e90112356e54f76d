import {
  type Consistency,
  type GuardedWrite,
  type HoldStore,
  ItemsRefused,
  type LeftEntry,
  type LockConditionCheck,
  type LockGuard,
  type NewEntry,
  type ReadAnswer,
  type Refresh,
  type WriteAnswer,
} from '../core/store.js';
import { LynkError } from '../errors.js';
import { ENTRY } from '../protocol/wire.js';
import type { Connection, Operation, Reply } from './connection.js';
import { classifyFailure, isThrottling } from './failure.js';
import { assessCancellation, conditionCheck, guardedInput } from './guard.js';
import { entryFromItem, fencingTokenOf, type Item, replacedIn } from './item.js';

const { lockKey: KEY, leaseDuration, versionNumber, hostIdentifier, expiresAt, fencingToken, holderTrace } = ENTRY;
/** `data` is a reserved word of DynamoDB's expressions. */
const DATA = '#data';

/** A text or a number, as DynamoDB takes it. */
type Value = { readonly S: string } | { readonly N: string };

/** A conditional write to one entry. */
interface Change {
  readonly lockKey: string;
  /** The new values of attributes. `null` removes an attribute; `undefined` leaves it as it is. */
  readonly set: Readonly<Record<string, Value | null | undefined>>;
  /** The condition on the item. `:` and an attribute's name is the value that is set. */
  readonly condition: string;
  /** Other values that the condition names. */
  readonly values: Readonly<Record<string, Value>>;
  /** If set, the answer has the values that were written over. */
  readonly ReturnValues?: 'UPDATED_OLD';
}

/**
 * Acquires, refreshes and releases entries in a DynamoDB table, one item each (docs/protocol.md, sections 1 and 2).
 * It has all operations of a handler that holds a lock while it works.
 */
export class DynamoDBHoldStore implements HoldStore {
  /** Endpoint and region, once they are known. */
  private place: readonly string[] | undefined;

  constructor(
    readonly tableName: string,
    readonly connection: Connection,
  ) {}

  async identify(lockKey: string): Promise<string> {
    try {
      this.place ??= await this.connection.place();
    } catch (error) {
      throw classifyFailure(error, { ...this.at(lockKey), action: 'any request' });
    }
    return JSON.stringify([...this.place, this.tableName, lockKey]);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    // A kept, free entry is written over only if it is whole: a malformed one is never written over.
    const isWhole = `attribute_type(${versionNumber}, :text) AND attribute_type(${hostIdentifier}, :text)`;
    const isFree = `attribute_not_exists(${KEY}) OR (${leaseDuration} = :zero AND ${isWhole})`;
    const values = { ':zero': numeric(0), ':text': textual('S') };
    if (expiredVersion === undefined) return this.overwrite(entry, isFree, values, signal);
    const isTakeable = `${isFree} OR ${versionNumber} = :expired`;
    return this.overwrite(entry, isTakeable, { ...values, ':expired': textual(expiredVersion) }, signal);
  }

  refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, holdId, version, expiresAtSeconds, fencingToken: token, data, leaseSeconds } = refresh;
    const isOurs = `contains(${versionNumber}, :hold) AND ${versionNumber} < :${versionNumber}`;
    const hold = { ':hold': textual(holdId) };
    const change = {
      lockKey,
      set: {
        [versionNumber]: textual(version),
        [expiresAt]: numeric(expiresAtSeconds) ?? null,
        [ENTRY.data]: textual(data),
        [leaseDuration]: numeric(leaseSeconds),
      },
      condition: token === undefined ? isOurs : `${isOurs} AND ${fencingToken} = :token`,
      values: token === undefined ? hold : { ...hold, ':token': numeric(token) },
    };
    return this.change(change, signal);
  }

  isThrottling(error: unknown): boolean {
    return isThrottling(error);
  }

  async release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    const input = {
      ...this.item(lockKey),
      ConditionExpression: `contains(${versionNumber}, :hold)`,
      ExpressionAttributeValues: { ':hold': textual(holdId) },
    };
    const { dateMs, unmet } = await this.send(lockKey, 'DeleteItem', input, signal);
    return { dateMs, written: !unmet };
  }

  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    const change = {
      lockKey: left.lockKey,
      set: {
        [leaseDuration]: numeric(left.leaseSeconds),
        [versionNumber]: textual(left.version),
        [expiresAt]: numeric(left.expiresAtSeconds) ?? null,
        [hostIdentifier]: textual(left.hostIdentifier),
        [ENTRY.data]: textual(left.data),
      },
      condition: `contains(${versionNumber}, :ours)`,
      values: { ':ours': textual(left.ours) },
    };
    return this.change(change, signal);
  }

  async read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer> {
    const input = { ...this.item(lockKey), ConsistentRead: consistency === 'strong' };
    const { dateMs, output } = await this.send(lockKey, 'GetItem', input, signal);
    return { dateMs, entry: output.Item && this.entry(output.Item, lockKey) };
  }

  conditionCheck(guard: LockGuard): LockConditionCheck {
    return conditionCheck(this.tableName, guard);
  }

  async transactWrite(write: GuardedWrite, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey } = write.guard;
    const input = guardedInput(this.tableName, write);
    const { dateMs, unmet } = await this.send(lockKey, 'TransactWriteItems', input, signal).catch((error) => {
      // It is about the caller's own tables, so the caller gets the SDK's error.
      throw error instanceof LynkError ? new ItemsRefused(error.cause) : error;
    });
    if (!unmet) return { dateMs, written: true };
    const { written, item } = assessCancellation(unmet);
    return { dateMs, written, entry: item && this.entry(item, lockKey) };
  }

  /** Writes the entry over the one that stands, if any. Attributes that are not ours stay. */
  protected overwrite(
    entry: NewEntry,
    condition: string,
    values: Record<string, Value>,
    signal: AbortSignal,
  ): Promise<WriteAnswer> {
    const { lockKey, data, holderTrace: trace, fencingToken: token } = entry;
    const set = {
      [leaseDuration]: numeric(entry.leaseSeconds),
      [versionNumber]: textual(entry.version),
      [hostIdentifier]: textual(entry.hostIdentifier),
      [expiresAt]: numeric(entry.expiresAtSeconds) ?? null,
      [ENTRY.data]: textual(data) ?? null,
      [holderTrace]: textual(trace) ?? null,
      [fencingToken]: numeric(token) ?? null,
    };
    const change = { lockKey, set, condition, values, ReturnValues: 'UPDATED_OLD' } as const;
    if (token === undefined) return this.change(change, signal);
    // DynamoDB never finds a value of another type smaller than a number.
    const rises = `attribute_not_exists(${fencingToken}) OR ${fencingToken} < :${fencingToken}`;
    return this.change({ ...change, condition: `(${condition}) AND (${rises})` }, signal);
  }

  private async change(
    { lockKey, set, condition, values, ...returning }: Change,
    signal: AbortSignal,
  ): Promise<WriteAnswer> {
    const changes: string[] = [];
    const removed: string[] = [];
    const named = { ...values };
    for (const [attribute, value] of Object.entries(set)) {
      const name = attribute === ENTRY.data ? DATA : attribute;
      if (value === null) removed.push(name);
      if (!value) continue;
      changes.push(`${name} = :${attribute}`);
      named[`:${attribute}`] = value;
    }
    const input = {
      ...this.item(lockKey),
      UpdateExpression: `SET ${changes.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
      ConditionExpression: condition,
      ExpressionAttributeNames: set[ENTRY.data] === undefined ? undefined : { [DATA]: ENTRY.data },
      ExpressionAttributeValues: named,
      ...returning,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    const { dateMs, output, unmet } = await this.send(lockKey, 'UpdateItem', input, signal);
    const place = this.at(lockKey);
    const isFenced = Boolean(set[fencingToken]);
    if (!unmet) {
      const { Attributes } = output;
      // No condition can check for a whole number. So it is checked after the entry was written over.
      if (isFenced) fencingTokenOf(Attributes, place, 'the entry was overwritten, and nobody holds it');
      return { dateMs, written: true, replaced: replacedIn(Attributes) };
    }
    if (isFenced) fencingTokenOf(unmet.Item, place);
    if (unmet.Item) return { dateMs, written: false, entry: this.entry(unmet.Item, lockKey) };
    // There was no item, or this server does not return it.
    return { ...(await this.read(lockKey, 'strong', signal)), written: false };
  }

  /** Sends one request. A failed condition is an answer. */
  protected async send(
    lockName: string | undefined,
    operation: Operation,
    input: object,
    signal: AbortSignal,
  ): Promise<Reply> {
    try {
      return await this.connection.send(operation, input, signal);
    } catch (error) {
      throw classifyFailure(error, { ...this.at(lockName), action: `dynamodb:${operation}` });
    }
  }

  protected entry(item: Item, lockName: string) {
    return entryFromItem(item, this.at(lockName));
  }

  /** Where a lock's item is. Errors name it. */
  private at<T extends string | undefined>(lockName: T) {
    return { lockName, tableName: this.tableName };
  }

  /** Table and key of one lock's item, for the input of a request. */
  private item(lockKey: string) {
    return { TableName: this.tableName, Key: { [KEY]: textual(lockKey) } };
  }
}

/** A string as DynamoDB's JSON has it. Without a value there is none. */
function textual(S: string): { readonly S: string };
function textual(S: string | undefined): { readonly S: string } | undefined;
function textual(S: string | undefined) {
  return S === undefined ? S : { S };
}

/** A number as DynamoDB's JSON has it. Without a value there is none. */
function numeric(value: number | bigint): { readonly N: string };
function numeric(value: number | bigint | undefined): { readonly N: string } | undefined;
function numeric(value: number | bigint | undefined) {
  return value === undefined ? value : { N: String(value) };
}
