/** An order as it comes in a message. */
export interface Order {
  readonly accountId: string;
  readonly amount: number;
}

/** What has been charged, in this order. */
export const charged: Order[] = [];

/** Stands for what must not be done twice at once for one account. */
export async function charge(order: Order, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  charged.push(order);
}
