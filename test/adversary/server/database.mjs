import { trueMs } from '../time.mjs';
import { holds, updated } from './expression.mjs';

/** An answer of DynamoDB's that is an error. */
export class Refusal extends Error {
  constructor(type, message, { status = 400, ...more } = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.more = more;
  }
}

const KEYS = { locks: 'lockKey', things: 'id' };
/** For how long former states are kept, for reads that are behind. */
const HISTORY_MS = 20_000;
const ACTIONS = ['UpdateItem', 'DeleteItem', 'PutItem', 'GetItem', 'BatchGetItem', 'TransactWriteItems'];

const partsOf = ({ ExpressionAttributeNames: names, ExpressionAttributeValues: values }) => ({ names, values });

/** Two tables: the locks, and the things of a user's that guarded writes change. */
export class Database {
  /** Per table and key: the states, the newest last. */
  states = new Map();
  /** What was committed: `{ atMs, table, key, item }`; `item` is missing if it was deleted. */
  commits = [];
  transactions = new Map();

  /** Carries out one request at once, as DynamoDB does for one item and for a transaction. */
  answer(action, input, behindMs = 0) {
    if (!ACTIONS.includes(action)) throw new Refusal('UnknownOperationException', `no action ${action}`);
    return this[action](input, behindMs);
  }

  UpdateItem(input) {
    const { table, key, item } = this.standing(input, input.Key);
    this.demand(input, item);
    const { after, changed } = updated(input.UpdateExpression, item, partsOf(input));
    this.commit(table, key, { ...after, ...input.Key });
    if (input.ReturnValues !== 'UPDATED_OLD') return {};
    const old = Object.fromEntries(changed.flatMap((name) => (item?.[name] ? [[name, item[name]]] : [])));
    return { Attributes: old };
  }

  DeleteItem(input) {
    const { table, key, item } = this.standing(input, input.Key);
    this.demand(input, item);
    if (item) this.commit(table, key, undefined);
    return {};
  }

  PutItem(input) {
    const { table, key, item } = this.standing(input, input.Item);
    this.demand(input, item);
    this.commit(table, key, input.Item);
    return {};
  }

  GetItem(input, behindMs) {
    const { item } = this.standing(input, input.Key, input.ConsistentRead ? 0 : behindMs);
    return item ? { Item: item } : {};
  }

  BatchGetItem({ RequestItems }, behindMs) {
    const Responses = {};
    for (const [TableName, { Keys, ConsistentRead }] of Object.entries(RequestItems)) {
      const items = Keys.map((Key) => this.standing({ TableName }, Key, ConsistentRead ? 0 : behindMs).item);
      Responses[TableName] = items.filter(Boolean);
    }
    return { Responses, UnprocessedKeys: {} };
  }

  TransactWriteItems({ TransactItems, ClientRequestToken: token }) {
    if (token !== undefined && this.transactions.has(token)) return {};
    const reasons = TransactItems.map((element) => {
      const part = element.ConditionCheck ?? element.Put;
      const { item } = this.standing(part, part.Key ?? part.Item);
      if (holds(part.ConditionExpression, item, partsOf(part))) return { Code: 'None' };
      return { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: item };
    });
    if (reasons.some(({ Code }) => Code !== 'None')) {
      throw new Refusal('TransactionCanceledException', 'Transaction cancelled', { CancellationReasons: reasons });
    }
    for (const { Put } of TransactItems) if (Put) this.PutItem({ TableName: Put.TableName, Item: Put.Item });
    if (token !== undefined) this.transactions.set(token, true);
    return {};
  }

  standing({ TableName: table }, attributes, behindMs = 0) {
    if (!(table in KEYS)) throw new Refusal('ResourceNotFoundException', `no table ${table}`);
    const key = attributes[KEYS[table]].S;
    const states = this.states.get(`${table} ${key}`) ?? [];
    const atMs = trueMs() - behindMs;
    return { table, key, item: states.findLast((state) => state.atMs <= atMs)?.item };
  }

  demand(input, item) {
    if (holds(input.ConditionExpression, item, partsOf(input))) return;
    const shown = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && item ? { Item: item } : {};
    throw new Refusal('ConditionalCheckFailedException', 'The conditional request failed', shown);
  }

  commit(table, key, item) {
    const atMs = trueMs();
    const place = `${table} ${key}`;
    const states = this.states.get(place) ?? [];
    const kept = states.findLastIndex((state) => state.atMs < atMs - HISTORY_MS);
    this.states.set(place, [...states.slice(Math.max(0, kept)), { atMs, item }]);
    this.commits.push({ atMs, table, key, item });
  }
}
