import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { currentHold, makeLocked } from '../../runtime/index.js';
import { charge, type Order } from './orders.js';

/**
 * A lock for each record's account. A record that does not get it in time counts as failed, is named in
 * `batchItemFailures`, and SQS delivers it again later.
 */
const chargeWithin = (waitSeconds: number) =>
  makeLocked(async (record: SQSRecord, _: Context) => charge(orderIn(record), currentHold()?.signal), {
    name: (record) => `account/${orderIn(record).accountId}`,
    waitSeconds,
  });

/**
 * For a standard queue. Its event source needs `reportBatchItemFailures`. Records are worked on at once, those of one
 * account in turn: they wait for each other, which costs no request.
 */
const processor = new BatchProcessor(EventType.SQS);
const chargeInTurn = chargeWithin(5);
export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  processPartialResponse(event, chargeInTurn, processor, {
    context,
    // A batch whose accounts are all busy is no broken function.
    throwOnFullBatchFailure: false,
  });

/**
 * For a FIFO queue: after a record that failed, the rest of its group fails too, so that the order is kept. Records
 * are worked on one by one, so none waits for a lock that is held elsewhere.
 */
const fifoProcessor = new SqsFifoPartialProcessorAsync();
const chargeAtOnce = chargeWithin(0);
export const fifoHandler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  processPartialResponse(event, chargeAtOnce, fifoProcessor, {
    context,
    skipGroupOnError: true,
    throwOnFullBatchFailure: false,
  });

/** What is no order comes back until it is moved to the dead-letter queue. */
function orderIn({ body }: SQSRecord): Order {
  const order = JSON.parse(body) as Partial<Order> | null;
  if (typeof order?.accountId !== 'string' || typeof order.amount !== 'number') throw new Error(`no order: ${body}`);
  return order as Order;
}
