/** cdk-lynk: CDK constructs for distributed locks on DynamoDB. The client is in `cdk-lynk/runtime`. */
export type { LynkClientDefaults } from './client-defaults.js';
export type { ILynkEndedExecutions, LynkEndedExecutionsOptions } from './i-lynk-ended-executions.js';
export type { ILynkLockTable } from './i-lynk-lock-table.js';
export { type LynkGrantOptions, LynkLockGrants, type LynkLockGrantsProps } from './lock-grants.js';
export { type LynkLatencyMetricOptions, LynkLockMetrics } from './lock-metrics.js';
export type { LynkConnectOptions } from './lynk-connect-options.js';
export { LynkLockMonitoring, type LynkLockMonitoringProps } from './lynk-lock-monitoring.js';
export { LynkLockStates } from './lynk-lock-states.js';
export type { LynkLockStatesOptions, LynkProtectOptions } from './lynk-lock-states-options.js';
export type { LynkLockStatesProps } from './lynk-lock-states-props.js';
export { LynkLockTable } from './lynk-lock-table.js';
export { LynkLockTableBase } from './lynk-lock-table-base.js';
export type { LynkLockTableAttributes, LynkLockTableProps } from './lynk-lock-table-props.js';
export { LynkLockTables, type LynkLockTablesProps } from './lynk-lock-tables.js';
