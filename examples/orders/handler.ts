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
 * A lock for each record's account. One that is held elsewhere is not waited for: the record counts as
 * failed, is named in `batchItemFailures`, and SQS delivers it again later.
 */
const chargeRecord = makeLocked(
  async (record: SQSRecord, _: Context) => charge(orderIn(record), currentHold()?.signal),
  { name: (record) => `account/${orderIn(record).accountId}`, waitSeconds: 0 },
);

/** For a standard queue. Its event source needs `reportBatchItemFailures`. */
const processor = new BatchProcessor(EventType.SQS);
export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  processPartialResponse(event, chargeRecord, processor, {
    context,
    // A batch whose accounts are all busy is no broken function.
    throwOnFullBatchFailure: false,
  });

/** For a FIFO queue: after a record that failed, the rest of its group fails too, so that the order is kept. */
const fifoProcessor = new SqsFifoPartialProcessorAsync();
export const fifoHandler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  processPartialResponse(event, chargeRecord, fifoProcessor, {
    context,
    skipGroupOnError: true,
    throwOnFullBatchFailure: false,
  });

function orderIn(record: SQSRecord): Order {
  return JSON.parse(record.body) as Order;
}
