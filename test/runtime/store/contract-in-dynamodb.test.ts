import { contract } from './contract.js';
import { dynamoDBFixture, lightFixture } from './fixture.js';

describe('a store in DynamoDB, reached by an SDK client,', contract(dynamoDBFixture));
describe('a store in DynamoDB, reached by the light client,', contract(lightFixture));
