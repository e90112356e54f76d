import type { ILynkLockTable } from './i-lynk-lock-table.js';
import type { LynkLockStatesOptions } from './lynk-lock-states-options.js';

/** Properties of a `LynkLockStates`. */
export interface LynkLockStatesProps extends LynkLockStatesOptions {
  /** The table that stores the lock's entry. */
  readonly table: ILynkLockTable;
}
