import fc from 'fast-check';
import { linkTo, traceparentOf } from '../../../runtime/opentelemetry/lock-tracing.js';

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length / 2, maxLength: length / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .filter((text) => /[1-9a-f]/.test(text));

test('what a span is named by leads back to it', () => {
  fc.assert(
    fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 255 }), (traceId, spanId, traceFlags) => {
      const text = traceparentOf({ traceId, spanId, traceFlags });
      expect(linkTo(text)?.context).toEqual({ traceId, spanId, traceFlags, isRemote: true });
    }),
  );
});

test.each([
  undefined,
  '',
  'nonsense',
  `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
  `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
  `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
  `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01 `,
  `00-${'A'.repeat(32)}-${'1'.repeat(16)}-01`,
])('%p leads nowhere', (text) => {
  expect(linkTo(text)).toBeUndefined();
});

test('a span that is not traced has no name', () => {
  expect(traceparentOf({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 })).toBeUndefined();
});
