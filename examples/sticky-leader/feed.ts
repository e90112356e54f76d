/** Stands for what only one is to read, and goes on where it was. */
export const feed = {
  position: 0,

  async poll({ signal }: { readonly signal: AbortSignal }): Promise<number> {
    signal.throwIfAborted();
    this.position += 1;
    return this.position;
  },
};
