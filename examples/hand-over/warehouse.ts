type Signalled = { readonly signal: AbortSignal };

/** Stands for two steps on one order that nobody may come between. */
export const warehouse = {
  log: [] as string[],

  async pick(orderId: string, { signal }: Signalled): Promise<void> {
    signal.throwIfAborted();
    this.log.push(`picked ${orderId}`);
  },

  async ship(orderId: string, { signal }: Signalled): Promise<void> {
    signal.throwIfAborted();
    this.log.push(`shipped ${orderId}`);
  },
};
