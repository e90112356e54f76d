import type { LynkClientDefaults } from './client-defaults.js';
import type { LynkGrantOptions } from './lock-grants.js';

/** How a function is connected with a lock table. */
export interface LynkConnectOptions extends LynkGrantOptions, LynkClientDefaults {
  /**
   * What the names of the environment variables begin with. Only for the second table of a function: the
   * client looks for its table in `LYNK_TABLE_NAME`. With `REPORTS`, the function finds the table's name in
   * `REPORTS_TABLE_NAME`, and passes it to `getLockFactory`.
   *
   * @default 'LYNK'
   */
  readonly variablePrefix?: string;
}
