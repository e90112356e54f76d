/** What holding, contending for and releasing a lock needs; one item at a time. */
export const LOCK_ACTIONS = ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
