/** DynamoDB's condition and update expressions, as far as clients of locks use them. */

const TOKEN = /\s*(<>|<=|>=|[=<>(),]|[#:]?[A-Za-z_][\w.]*)/y;

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new SyntaxError(`not understood: ${text.slice(at)}`);
    tokens.push(match[1]);
  }
  return tokens;
}

/** Reads one expression over one item. `names` and `values` are those of the request. */
class Reader {
  constructor(text, { names = {}, values = {} }) {
    this.tokens = tokensOf(text);
    this.names = names;
    this.values = values;
    this.at = 0;
  }

  get token() {
    return this.tokens[this.at];
  }

  isWord(word) {
    return this.token?.toUpperCase() === word;
  }

  take(expected) {
    const token = this.tokens[this.at];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new SyntaxError(`expected ${expected}, got ${token} in ${this.tokens.join(' ')}`);
    }
    this.at += 1;
    return token;
  }

  attribute() {
    const token = this.take();
    if (!token.startsWith('#')) return token;
    if (!(token in this.names)) throw new SyntaxError(`no name ${token}`);
    return this.names[token];
  }

  /** A value of the request, or an attribute of the item. */
  operand(item) {
    if (!this.token?.startsWith(':')) return item[this.attribute()];
    const token = this.take();
    if (!(token in this.values)) throw new SyntaxError(`no value ${token}`);
    return this.values[token];
  }

  or(item) {
    let result = this.and(item);
    while (this.isWord('OR')) {
      this.take();
      const right = this.and(item);
      result ||= right;
    }
    return result;
  }

  and(item) {
    let result = this.not(item);
    while (this.isWord('AND')) {
      this.take();
      const right = this.not(item);
      result &&= right;
    }
    return result;
  }

  not(item) {
    if (!this.isWord('NOT')) return this.term(item);
    this.take();
    return !this.not(item);
  }

  term(item) {
    if (this.token === '(') {
      this.take('(');
      const result = this.or(item);
      this.take(')');
      return result;
    }
    if (this.tokens[this.at + 1] === '(') return this.call(item);
    const left = this.operand(item);
    const sign = this.take();
    return compare(left, sign, this.operand(item));
  }

  call(item) {
    const name = this.take();
    this.take('(');
    const operand = this.operand(item);
    let argument;
    if (this.token === ',') {
      this.take(',');
      argument = this.operand(item);
    }
    this.take(')');
    if (name === 'attribute_exists') return operand !== undefined;
    if (name === 'attribute_not_exists') return operand === undefined;
    if (name === 'attribute_type') return operand !== undefined && argument.S in operand;
    if (name === 'contains') return operand?.S?.includes(argument.S) === true;
    if (name === 'begins_with') return operand?.S?.startsWith(argument.S) === true;
    throw new SyntaxError(`no function ${name}`);
  }

  end() {
    if (this.at < this.tokens.length) throw new SyntaxError(`too much: ${this.token} in ${this.tokens.join(' ')}`);
  }
}

const numberOf = (text) => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text));

/** Values of different types are never equal, nor one less than the other. */
function compare(left, sign, right) {
  if (left === undefined || right === undefined) return false;
  const [type] = Object.keys(left);
  if (!(type in right)) return sign === '<>';
  const [a, b] = [left[type], right[type]].map((value) => (type === 'N' ? numberOf(value) : value));
  if (sign === '=') return a === b;
  if (sign === '<>') return a !== b;
  if (sign === '<') return a < b;
  if (sign === '>') return a > b;
  if (sign === '<=') return a <= b;
  if (sign === '>=') return a >= b;
  throw new SyntaxError(`no comparison ${sign}`);
}

/** Whether the condition holds for the item; `undefined` stands for none. */
export function holds(condition, item = {}, parts = {}) {
  if (condition === undefined) return true;
  const reader = new Reader(condition, parts);
  const result = reader.or(item);
  reader.end();
  return result;
}

/** The item after `SET a = :b, ... REMOVE c, ...`, and the names of what it changed. */
export function updated(expression, item = {}, parts = {}) {
  const reader = new Reader(expression, parts);
  const after = { ...item };
  const changed = [];
  while (reader.token !== undefined) {
    const clause = reader.take().toUpperCase();
    if (clause !== 'SET' && clause !== 'REMOVE') throw new SyntaxError(`no clause ${clause}`);
    do {
      if (reader.token === ',') reader.take(',');
      const name = reader.attribute();
      changed.push(name);
      if (clause === 'REMOVE') {
        delete after[name];
      } else {
        reader.take('=');
        after[name] = reader.operand(item);
      }
    } while (reader.token === ',');
  }
  return { after, changed };
}
