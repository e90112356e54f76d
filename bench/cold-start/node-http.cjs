// By this name, since the other one is an alias of this file.
// biome-ignore lint/style/useNodejsImportProtocol: see above
module.exports = require('http');
