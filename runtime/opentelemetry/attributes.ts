/** The names of what spans say, as docs/tracing.md lists them. */
export const ATTRIBUTES = {
  name: 'lynk.lock.name',
  table: 'lynk.lock.table',
  leaseSeconds: 'lynk.lock.lease_seconds',
  host: 'lynk.lock.host',
  granted: 'lynk.lock.granted',
  attempts: 'lynk.lock.attempts',
  served: 'lynk.lock.served',
  holder: 'lynk.lock.holder',
  takenOverFrom: 'lynk.lock.taken_over_from',
  end: 'lynk.lock.end',
  lostReason: 'lynk.lock.lost_reason',
  remainingSeconds: 'lynk.lock.remaining_seconds',
  lateSeconds: 'lynk.lock.late_seconds',
  invocationId: 'faas.invocation_id',
} as const;
