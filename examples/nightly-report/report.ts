/** Stands for what is not to be done twice. */
export const reports = {
  /** Which nights have one by now. */
  made: [] as string[],

  async make(night: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    this.made.push(night);
  },
};
