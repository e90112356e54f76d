import ts from 'typescript';
import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import * as runtime from '../../../runtime/index.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

interface Billing {
  readonly seen: unknown[];
  charge(id: number): Promise<number>;
  skip(id: number): Promise<number | undefined>;
  fail(): Promise<never>;
}

const SOURCE = `
  import { currentHold, locked } from 'cdk-lynk/runtime';
  export function billingOf(factory) {
    class Billing {
      seen = [];
      @locked({ name: (id) => \`account/\${id}\`, factory })
      async charge(id) {
        this.seen.push(currentHold()?.name);
        return id * 2;
      }
      @locked({ name: 'a', waitSeconds: 0, onNotGranted: 'skip', factory })
      async skip(id) {
        this.seen.push(id);
        return id;
      }
      @locked({ name: 'b', factory })
      async fail() {
        throw new TypeError('no');
      }
    }
    return new Billing();
  }
`;

/** The class, its decorators compiled in one of the two ways. */
function compiled(experimentalDecorators: boolean): (factory: LockFactory) => Billing {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, experimentalDecorators };
  const { outputText } = ts.transpileModule(SOURCE, { compilerOptions });
  // So that each way is seen to be the one that it says.
  expect(outputText.includes('__decorate(')).toBe(experimentalDecorators);
  expect(outputText.includes('__esDecorate(')).toBe(!experimentalDecorators);
  const exported: { billingOf?: (factory: LockFactory) => Billing } = {};
  new Function('require', 'exports', outputText)(() => runtime, exported);
  return exported.billingOf as (factory: LockFactory) => Billing;
}

describe.each([
  ['the standard', false],
  ['experimentalDecorators', true],
])('@locked by %s', (_, experimentalDecorators) => {
  let setting: Setting;
  let us: TestProcess;
  let billing: Billing;
  beforeEach(() => {
    setting = new Setting();
    us = setting.process();
    billing = compiled(experimentalDecorators)(us.factory());
  });
  const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);

  test('runs the method under the lock that its arguments name, with its `this`', async () => {
    expect(await until(billing.charge(21))).toBe(42);
    expect(billing.seen).toEqual(['account/21']);
    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('skips it where another holds the lock', async () => {
    expect(await until(billing.skip(1))).toBe(1);
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });

    expect(await until(billing.skip(2))).toBeUndefined();
    expect(billing.seen).toEqual([1]);
  });

  test('throws what the method throws, and releases the lock', async () => {
    expect(await until(errorOf(billing.fail()))).toEqual(new TypeError('no'));
    expect(setting.table.items.size).toBe(0);
  });
});

test('on anything but a method it is refused', () => {
  const decorate = runtime.locked({ name: 'a' }) as (...args: unknown[]) => unknown;

  expect(() => decorate(undefined, { kind: 'field' })).toThrow('@locked is for methods');
  for (const kind of ['getter', 'setter', 'accessor', 'class']) {
    expect(() => decorate(() => {}, { kind })).toThrow('@locked is for methods');
  }
  expect(() => decorate({}, 'key')).toThrow('@locked is for methods');
});
