// JSON with what JSON.parse loses: whole numbers beyond 2^53, and members that stand twice.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

/** The value of a JSON text, its whole numbers as BigInt. Throws on a member that is given twice. */
export function parseJson(text) {
  JSON.parse(text); // the grammar is the engine's to judge; below, the text is known to be JSON
  return new Reader(text.match(TOKEN)).value();
}

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
    return /^-?\d+$/.test(token) ? BigInt(token) : JSON.parse(token);
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
    while (this.tokens[this.at] !== '}') {
      const name = JSON.parse(this.next());
      if (Object.hasOwn(members, name)) throw new SyntaxError(`a member given twice: ${name}`);
      this.at += 1; // the colon
      members[name] = this.value();
      if (this.tokens[this.at] === ',') this.at += 1;
    }
    this.at += 1;
    return members;
  }
}
