import { contract } from './contract.js';
import { dynamoDBFixture } from './fixture.js';

describe('a store in DynamoDB', contract(dynamoDBFixture));
