/**
 * What stands in for `@aws-sdk/client-dynamodb` where a mutant is run: to load the SDK takes longer than all
 * tests of the store. The tests that run on it run on the SDK itself in `npm test`.
 */
type Handler = (args: object) => Promise<object>;
type Middleware = (next: Handler) => Handler;

class Command {
  readonly middlewareStack = new MiddlewareStack();

  constructor(readonly input: object) {}
}

class MiddlewareStack {
  private readonly added: Middleware[] = [];

  add(middleware: Middleware): void {
    this.added.push(middleware);
  }

  resolve(handler: Handler): Handler {
    return this.added.reduce((next, middleware) => middleware(next), handler);
  }
}

export class BatchGetItemCommand extends Command {}
export class DeleteItemCommand extends Command {}
export class DescribeTableCommand extends Command {}
export class GetItemCommand extends Command {}
export class ListTablesCommand extends Command {}
export class ListTagsOfResourceCommand extends Command {}
export class ScanCommand extends Command {}
export class TransactWriteItemsCommand extends Command {}
export class UpdateItemCommand extends Command {}

class ServiceException extends Error {
  constructor({ message, ...details }: { readonly message: string }) {
    super(message);
    Object.assign(this, details);
  }
}

export class ConditionalCheckFailedException extends ServiceException {
  override readonly name = 'ConditionalCheckFailedException';
}

export class TransactionCanceledException extends ServiceException {
  override readonly name = 'TransactionCanceledException';
}

export class DynamoDBClient {
  send(): Promise<never> {
    return Promise.reject(new Error('nobody is there to answer'));
  }
}
