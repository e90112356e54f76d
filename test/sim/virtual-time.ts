export { VirtualTime } from '../../runtime/testing/virtual-time.js';
