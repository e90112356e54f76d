/** cdk-lynk: the infrastructure for distributed locks on DynamoDB. The client is in `cdk-lynk/runtime`. */
export { LynkLockTable, type LynkLockTableProps } from './lynk-lock-table.js';
