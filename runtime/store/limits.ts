/** DynamoDB answers within milliseconds. After this time no answer will come, but the next attempt may get one. */
export const CONNECT_LIMIT_MS = 1000;
export const REQUEST_LIMIT_MS = 1500;
