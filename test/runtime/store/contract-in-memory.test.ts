import { MemoryStore } from '../../../runtime/store/memory-store.js';
import { contract } from './contract.js';
import { memoryFixture, testKitFixture } from './fixture.js';

describe('a store in memory', contract(memoryFixture));
describe('a store of the test kit', contract(testKitFixture));

test('a lock in memory is never the same as one in DynamoDB', async () => {
  expect(JSON.parse(await new MemoryStore('locks').identify('a'))).toEqual(['memory', 'locks', 'a']);
});
