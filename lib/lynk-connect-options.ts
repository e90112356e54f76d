import type { LynkClientDefaults } from './client-defaults.js';
import type { LynkGrantOptions } from './lock-grants.js';

/** Options for connecting a function with a lock table. */
export interface LynkConnectOptions extends LynkGrantOptions, LynkClientDefaults {
  /**
   * The prefix of the environment variables' names. Set it only for a function's second table, because the client reads
   * its table's name from `LYNK_TABLE_NAME`. With `REPORTS`, the function reads the second table's name from
   * `REPORTS_TABLE_NAME`, and passes it to `getLockFactory`.
   *
   * @default 'LYNK'
   */
  readonly variablePrefix?: string;
}
