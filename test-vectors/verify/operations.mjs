// Operations on sessions: SPEC.md, sections 9, 11, 12 and 14.
//
// Like sealed_session.mjs, beside which it stands, it was written from SPEC.md and from no other implementation.
// It draws nothing: the caller gives salt and uid.

import {
  MAX_TEXT, MIN_TEXT, Refused, encodeRecord, encodeUtf8, inOrder, minimum, openToken, saturatingAdd, sealRecord,
} from './sealed_session.mjs';

const MAX_COOKIE = 4096;
const MAX_USER = 65534;
const MAX_DEPTH = 64;
const ENVELOPE = 57;

/** A session that cannot be sealed as asked. `more` tells the sizes, if it is about a size. */
export class NotSealed extends Error {
  constructor(outcome, check, more = {}) {
    super(`${outcome}: ${check}`);
    this.name = 'NotSealed';
    Object.assign(this, { outcome, check, more, transient: false });
  }
}

/** Levels of arrays and objects in a text that is JSON. */
function depth(text) {
  let [level, deepest] = [0, 0];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') level += 1;
    else if (token === ']' || token === '}') level -= 1;
    deepest = Math.max(deepest, level);
  }
  return deepest;
}

/**
 * Data that a caller gives, as it is stored: an object of RFC 8259, which is what JSON.parse reads. Later operations do
 * not look at it again.
 */
function given(data) {
  let value;
  try {
    value = JSON.parse(data || '{}');
  } catch {
    throw new NotSealed('invalid', 'data');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new NotSealed('invalid', 'data');
  if (depth(data) > MAX_DEPTH) throw new NotSealed('invalid', 'data');
  return data || '{}';
}

const tokenChars = (recordLength) => Math.ceil(((ENVELOPE + recordLength) * 4) / 3);
const recordRoom = (chars) => Math.floor((chars * 3) / 4) - ENVELOPE;
const nextMultiple = (length, multiple) => (multiple > 1 ? Math.ceil(length / multiple) * multiple : length);

/**
 * Settings: ring, app, name, leeway, maxLifetime, defaultTtl, maxTtl (BigInt milliseconds), padding (the multiple,
 * 0 or 1 for none), maxTokenChars (null for what the cookie's name leaves).
 */
export class Sealer {
  constructor(settings) {
    Object.assign(this, settings);
    const wrong = this.wrongSetting();
    if (wrong !== undefined) throw new NotSealed('refused', wrong);
  }

  wrongSetting() {
    const [limit, longest] = [this.limit(), this.ring.maxTtlS * 1000n];
    const checks = [
      ['name', isCookieName(this.name)],
      ['max_token_chars', limit >= MIN_TEXT && limit <= MAX_TEXT],
      ['default_ttl', this.defaultTtl > 0n],
      ['max_ttl', this.maxTtl > 0n],
      ['max_lifetime', this.maxLifetime > 0n],
      ['default_ttl', this.defaultTtl <= this.maxTtl],
      ['max_ttl', this.maxTtl <= longest],
    ];
    return checks.find(([, right]) => !right)?.[0];
  }

  keys(now) {
    return this.ring.keysAt(now, this.leeway, this.name, this.app);
  }

  /** The record as it was sealed. */
  open(token, now, ad) {
    const { leeway, maxLifetime, maxTtl } = this;
    const coming = this.ring.comingIds(now, leeway, this.name, this.app);
    const session = openToken({ token, keys: this.keys(now), coming, ad, now, leeway, maxLifetime, maxTtl });
    return { ...session, expires: session.sealedExpires };
  }

  limit() {
    return this.maxTokenChars ?? MAX_COOKIE - encodeUtf8(this.name).length;
  }

  /** E of section 14. */
  expiry(created, start, asked) {
    const ttl = minimum(asked === 0n ? this.defaultTtl : asked, this.maxTtl);
    return minimum(saturatingAdd(start, ttl), saturatingAdd(created, this.maxLifetime));
  }

  /** Section 9, whose steps are numbered here. */
  seal(now, session, ad, salt) {
    const sealing = [...this.keys(now).values()].find(({ state }) => state === 'sealing'); // 1
    if (sealing === undefined) throw new NotSealed('backend', 'no_key');
    // 2, for the data: given()
    const userLength = session.user === null ? 0 : encodeUtf8(session.user).length;
    if (userLength > MAX_USER) throw new NotSealed('invalid', 'user_id');
    if (!inOrder(session)) throw new NotSealed('backend', 'expired_at_once'); // 3
    const record = this.fitted(encodeRecord(session)); // 4 and 5
    return sealRecord({ sealingKey: sealing.sealingKey, salt, ad, record }); // 6 and 7
  }

  /** The record with its padding, if its token is not too long without. */
  fitted(record) {
    const [room, allowed] = [recordRoom(this.limit()), this.limit()];
    if (record.length > room) {
      throw new NotSealed('backend', 'size', { needed: tokenChars(record.length), allowed });
    }
    const length = Math.min(nextMultiple(record.length, this.padding), room);
    return Buffer.concat([record, Buffer.alloc(length - record.length)]);
  }
}

/** Section 6. */
function isCookieName(name) {
  return name !== '' && !/[;=,]|\p{Cc}/u.test(name) && !/^\p{White_Space}|\p{White_Space}$/u.test(name);
}

/** The text of each member of an object, by its name; of several of one name the last. */
function rawMembers(text) {
  const found = new Map();
  let [depth, name, from, to] = [0, null, 0, 0];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    if (depth === 1 && (token === ',' || token === '}') && name !== null) {
      found.set(name, text.slice(from, to));
      name = null;
    } else if (depth === 1 && name === null && token.startsWith('"')) {
      [name, from] = [JSON.parse(token), -1];
    } else if (name !== null && from === -1 && token !== ':') {
      from = index;
    }
    depth += '{['.includes(token) - ']}'.includes(token);
    to = index + token.length;
  }
  return found;
}

/** An object of those members of an object. */
function only(text, names) {
  if (names.length === 0 || !text.trimStart().startsWith('{')) return '{}';
  const found = rawMembers(text);
  const kept = [...new Set(names)].filter((name) => found.has(name));
  return `{${kept.map((name) => `${JSON.stringify(name)}:${found.get(name)}`).join(',')}}`;
}

function begun(sealer, { now, uid, user, data }, ttl) {
  return { created: now, renewed: now, expires: sealer.expiry(now, now, ttl), uid, user, data };
}

const changes = {
  update: (sealer, asked, session) => ({ ...session, data: given(asked.data) }),

  touch(sealer, asked, session) {
    const renewed = session.renewed > asked.now ? session.renewed : asked.now;
    const expires = sealer.expiry(session.created, renewed, asked.ttl);
    if (expires <= renewed) throw new Refused('expired', 'not_found');
    return { ...session, renewed, expires };
  },

  reseal: (sealer, asked, session) => session,
  cycle: (sealer, asked, session) => ({ ...session, uid: asked.uid }),

  login(sealer, asked, session) {
    const keeps = session.user === null || session.user === asked.user;
    const data = keeps ? session.data : only(session.data, asked.keep ?? []);
    return begun(sealer, { ...asked, data }, asked.ttl ?? 0n);
  },
};

/** The token that an operation seals; delete seals none. */
export function run(sealer, asked) {
  if (asked.op === 'delete') return null;
  const session =
    asked.op === 'create'
      ? begun(sealer, { ...asked, data: given(asked.data) }, asked.ttl)
      : changes[asked.op](sealer, asked, sealer.open(asked.token, asked.now, asked.ad));
  return sealer.seal(asked.now, session, asked.ad, asked.salt);
}
