import { contract } from './contract.js';
import { defaultFixture, dynamoDBFixture, lightFixture } from './fixture.js';

describe('a store in DynamoDB, reached by an SDK client of the user’s own,', contract(dynamoDBFixture));
describe('a store in DynamoDB, reached by the default client,', contract(defaultFixture));
describe('a store in DynamoDB, reached by the light client,', contract(lightFixture));
