import { fetchDynamoDBLocal } from './index.js';

/** Before test files that run beside each other ask for it. */
fetchDynamoDBLocal();
