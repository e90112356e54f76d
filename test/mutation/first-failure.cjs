const { TestEnvironment } = require('jest-environment-node');

/** A mutant is found by the first test that fails; the others need not run. */
module.exports = class extends TestEnvironment {
  failed = false;

  async handleTestEvent({ name, test }) {
    if (name === 'test_done' && test.errors.length > 0) this.failed = true;
    if (name === 'test_start' && this.failed) test.mode = 'skip';
  }
};
