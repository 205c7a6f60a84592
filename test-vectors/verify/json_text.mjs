// JSON with what JSON.parse loses: whole numbers beyond 2^53, and members that stand twice.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

/**
 * The value of a JSON text, its whole numbers as BigInt; what has a fraction or an exponent is NaN. Throws on a member
 * that is given twice.
 */
export function parseJson(text) {
  JSON.parse(text); // the grammar is the engine's to judge; below, the text is known to be JSON
  return new Reader(text.match(TOKEN)).value();
}

/** The same for a ring file, where names may have escapes and texts may not: such a text is an object instead. */
export function parseRingJson(text) {
  JSON.parse(text);
  return new RingReader(text.match(TOKEN)).value();
}

/** The same with every object as the Pairs of its members, those that are given twice included. */
export function parsePairs(text) {
  JSON.parse(text);
  return new PairsReader(text.match(TOKEN)).value();
}

/** An object as it stands in the text: a list of names and values. */
export class Pairs extends Array {}

class Reader {
  constructor(tokens) {
    this.tokens = tokens;
    this.at = 0;
  }

  next() {
    this.at += 1;
    return this.tokens[this.at - 1];
  }

  value() {
    const token = this.next();
    if (token === '{') return this.object();
    if (token === '[') return this.list();
    if (/^\d+$/.test(token)) return BigInt(token);
    return /^[-\d]/.test(token) ? NaN : this.scalar(token);
  }

  scalar(token) {
    return JSON.parse(token);
  }

  list() {
    const values = [];
    while (this.tokens[this.at] !== ']') {
      values.push(this.value());
      if (this.tokens[this.at] === ',') this.at += 1;
    }
    this.at += 1;
    return values;
  }

  object() {
    const members = Object.create(null); // so that no name is taken by a prototype
    for (const [name, value] of this.pairs()) {
      if (Object.hasOwn(members, name)) throw new SyntaxError(`a member given twice: ${name}`);
      members[name] = value;
    }
    return members;
  }

  pairs() {
    const pairs = new Pairs();
    while (this.tokens[this.at] !== '}') {
      const name = JSON.parse(this.next());
      this.at += 1; // the colon
      pairs.push([name, this.value()]);
      if (this.tokens[this.at] === ',') this.at += 1;
    }
    this.at += 1;
    return pairs;
  }
}

class PairsReader extends Reader {
  object() {
    return this.pairs();
  }
}

class RingReader extends Reader {
  scalar(token) {
    return token.includes('\\') ? {} : JSON.parse(token);
  }
}
