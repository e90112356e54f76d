import * as wire from '../../../runtime/protocol/wire.js';

test('the names that other processes, deployed functions and alarms go by are these, in every release', () => {
  expect(wire).toMatchObject({
    ENTRY: {
      lockKey: 'lockKey',
      leaseDuration: 'leaseDuration',
      versionNumber: 'versionNumber',
      hostIdentifier: 'hostIdentifier',
      expiresAt: 'expiresAt',
      fencingToken: 'fencingToken',
      data: 'data',
    },
    TABLE_TAG: { key: 'lynk', value: 'lock-table' },
    TABLE_NAME_VARIABLE: 'LYNK_TABLE_NAME',
    LEASE_SECONDS_VARIABLE: 'LYNK_LEASE_SECONDS',
    WAIT_SECONDS_VARIABLE: 'LYNK_WAIT_SECONDS',
    CLOCK_TOLERANCE_SECONDS_VARIABLE: 'LYNK_CLOCK_TOLERANCE_SECONDS',
  });
});
