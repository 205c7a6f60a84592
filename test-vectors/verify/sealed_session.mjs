// Sealed-session token format v1: an independent implementation for differential testing.
//
// Written from the format's specification alone, so that a disagreement with the Rust crate means that one of
// the two, or the specification, is wrong. Needs nothing but Node's own modules.
//
//   node sealed_session.mjs         self test: known answers and every refusal
//   node sealed_session.mjs serve   one JSON request per line on stdin, one JSON answer per line on stdout
//   import {...} from './sealed_session.mjs'   runs nothing
//
// Every u64 is a BigInt, because a JavaScript number is exact only up to 2^53.

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const VERSION = 1;
const KEY_ID_BYTES = 16;
const SALT_BYTES = 24;
const TAG_BYTES = 16;
const UID_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + SALT_BYTES;
export const MIN_TEXT = 138;
export const MAX_TEXT = 8192;
// 8192 characters carry 6144 bytes; what the envelope does not take is the largest record that can be opened.
const MAX_RECORD = (MAX_TEXT / 4) * 3 - HEADER_BYTES - TAG_BYTES;
const ANONYMOUS = 0xffff;
const U64_MAX = (1n << 64n) - 1n;
const DAY_S = 86400n;
const DEFAULT_MAX_TTL_S = 2592000n;
const MAX_EPOCHS = 1024n;
const RING_FORMAT = 'sealed-session-ring/1';
const SECRET_PREFIX = 'ssr1_';
// Fixed is safe: a message key, derived with a fresh salt, seals one message only.
const NONCE = Buffer.alloc(12);

// 9999-12-30T22:00:00Z, the last time that a ring file may have.
const LAST_RING_TIME_MS = 253402207200000;
const JUST_OVER_MS = 600000n;

/** A token that is not opened. `check` names the first check that failed; `transient`: leave its cookie in place. */
export class Refused extends Error {
  constructor(check, outcome = 'invalid', transient = false) {
    super(`${outcome}: ${check}`);
    this.transient = transient;
    this.name = 'Refused';
    this.outcome = outcome;
    this.check = check;
  }
}

/** A root secret's text form that is not accepted. `check` names the first check that failed. */
export class SecretTextError extends Error {
  constructor(check) {
    super(`root secret text: ${check}`);
    this.name = 'SecretTextError';
    this.check = check;
  }
}

/** A key ring that must not be built. `check` names the member that is wrong, "json" or "unknown". */
export class RingError extends Error {
  constructor(check, message) {
    super(message);
    this.name = 'RingError';
    this.check = check;
  }
}

// ---- integers, text and bytes -------------------------------------------------------------------------------

export const minimum = (a, b) => (a < b ? a : b);
export const saturatingAdd = (a, b) => minimum(a + b, U64_MAX);
const saturatingSub = (a, b) => (a > b ? a - b : 0n);
const ceilDiv = (a, b) => (a + b - 1n) / b;

function u16(value) {
  if (value > 0xffff) throw new Error('does not fit a u16 length');
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return out;
}

function u32(value) {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

function u64(value) {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(value);
  return out;
}

// Without `fatal` bad bytes would turn into U+FFFD; without `ignoreBOM` a leading BOM would vanish from the data.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of UTF-8 bytes; throws on anything that is not UTF-8. */
export const decodeUtf8 = (bytes) => utf8Decoder.decode(bytes);

/** UTF-8 bytes of a text; a lone surrogate is an error, because Node would silently replace it. */
export function encodeUtf8(text) {
  const bytes = Buffer.from(text, 'utf8');
  if (decodeUtf8(bytes) !== text) throw new Error('text has a lone surrogate');
  return bytes;
}

export const encodeBase64url = (bytes) => Buffer.from(bytes).toString('base64url');

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Strict: every byte string has exactly one text. Returns null for anything else. */
export function decodeBase64url(text) {
  // Node's decoder skips what it does not know and takes '+', '/' and '=', so all is checked before it runs.
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const extra = text.length % 4;
  if (extra === 1) return null;
  const unusedBits = { 0: 0, 2: 0b1111, 3: 0b11 }[extra];
  if (extra !== 0 && (BASE64URL.indexOf(text[text.length - 1]) & unusedBits) !== 0) return null;
  const bytes = Buffer.from(text, 'base64url');
  return encodeBase64url(bytes) === text ? bytes : null;
}

/** The caller's associated data joined from several parts, so that ("ab", "c") and ("a", "bc") differ. */
export const joinAssociatedData = (parts) => Buffer.concat(parts.flatMap((part) => [u32(part.length), part]));

// ---- derivation ---------------------------------------------------------------------------------------------

const hmac = (key, ...parts) => {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

export const hkdfExtract = (salt, ikm) => hmac(salt, ikm);

/** RFC 5869 Expand, for outputs of at most one block: the only kind that the format has. */
export function hkdfExpand(prk, infoParts, length) {
  if (length > 32) throw new Error('more than one block of HKDF output');
  return hmac(prk, ...infoParts, Buffer.from([1])).subarray(0, length);
}

const label = (what) => `sealed-session/v1 ${what}`;

function requireBytes(bytes, length, what) {
  if (bytes.length !== length) throw new Error(`${what} must be ${length} bytes, not ${bytes.length}`);
}

function requireSecretLength(secret) {
  if (secret.length < 32 || secret.length > 64) throw new Error('a root secret has 32 to 64 bytes');
}

export function derivePrk(secret) {
  requireSecretLength(secret);
  return hkdfExtract(label('root secret'), secret);
}

export const deriveRootId = (prk) => hkdfExpand(prk, [label('root id')], 8);

export function deriveSealingKey(prk, { app, name, periodS, epoch }) {
  const appBytes = encodeUtf8(app);
  const nameBytes = encodeUtf8(name);
  // Length prefixes keep (app, name) pairs apart whose concatenations are equal.
  const context = [u16(appBytes.length), appBytes, u16(nameBytes.length), nameBytes];
  return hkdfExpand(prk, [label('sealing key'), u64(periodS), u64(epoch), ...context], 32);
}

export const deriveKeyId = (sealingKey) => hkdfExpand(sealingKey, [label('key id')], KEY_ID_BYTES);

export function deriveMessageKey(sealingKey, salt) {
  requireBytes(salt, SALT_BYTES, 'salt');
  return hkdfExpand(sealingKey, [label('message key'), salt], 32);
}

export function deriveCsrfToken(sealingKey, salt, uid) {
  requireBytes(salt, SALT_BYTES, 'salt');
  requireBytes(uid, UID_BYTES, 'uid');
  const mac = hkdfExpand(sealingKey, [label('csrf'), salt, uid], 32);
  return encodeBase64url(Buffer.concat([deriveKeyId(sealingKey), salt, mac]));
}

// ---- text form of a root secret -----------------------------------------------------------------------------

const secretChecksum = (secret) => createHash('sha256').update(SECRET_PREFIX).update(secret).digest().subarray(0, 4);

export function encodeRootSecret(secret) {
  requireSecretLength(secret);
  return SECRET_PREFIX + encodeBase64url(Buffer.concat([secret, secretChecksum(secret)]));
}

/** Throws a SecretTextError whose check is "prefix", "base64", "length" or "checksum", in this order. */
export function decodeRootSecret(text) {
  const line = text.endsWith('\n') ? text.slice(0, -1) : text; // one newline, as an editor or `echo` leaves it
  if (!line.startsWith(SECRET_PREFIX)) throw new SecretTextError('prefix');
  const bytes = decodeBase64url(line.slice(SECRET_PREFIX.length));
  if (bytes === null) throw new SecretTextError('base64');
  if (bytes.length < 32 + 4 || bytes.length > 64 + 4) throw new SecretTextError('length');
  const secret = bytes.subarray(0, -4);
  if (!secretChecksum(secret).equals(bytes.subarray(-4))) throw new SecretTextError('checksum');
  return secret;
}

// ---- record -------------------------------------------------------------------------------------------------

/** Padding stops at the size limit, so that it never makes a session fail that fits without it. */
function paddedLength(length, multiple) {
  if (!Number.isSafeInteger(multiple) || multiple < 0) throw new Error('pad must be a non-negative integer');
  if (multiple <= 1) return length;
  const full = Math.ceil(length / multiple) * multiple;
  return Math.min(full, Math.max(length, MAX_RECORD));
}

function encodeUser(user) {
  if (user === null) return u16(ANONYMOUS);
  const bytes = encodeUtf8(user);
  if (bytes.length >= ANONYMOUS) throw new Error('user id is longer than 65534 bytes');
  return Buffer.concat([u16(bytes.length), bytes]);
}

/** `pad`: zero bytes are added until the length is a multiple of it; 0 and 1 add none. */
export function encodeRecord({ created, renewed, expires, uid, user, data }, pad = 0) {
  requireBytes(uid, UID_BYTES, 'uid');
  const dataBytes = encodeUtf8(data);
  const times = [u64(created), u64(renewed), u64(expires)];
  const record = Buffer.concat([...times, uid, encodeUser(user), u32(dataBytes.length), dataBytes]);
  return Buffer.concat([record, Buffer.alloc(paddedLength(record.length, pad) - record.length)]);
}

/** Reads a record front to back, and refuses at the first thing that does not fit. */
class RecordReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(length, check) {
    if (length > this.bytes.length - this.at) throw new Refused(check);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u64() {
    return this.take(8, 'record_truncated').readBigUInt64BE();
  }

  text(length, check) {
    const bytes = this.take(length, check);
    try {
      return decodeUtf8(bytes);
    } catch {
      throw new Refused(check);
    }
  }

  rest() {
    return this.bytes.subarray(this.at);
  }
}

/** The layout only; what the times say to each other is checked by `checkTimes`. */
export function parseRecord(bytes) {
  const reader = new RecordReader(bytes);
  const [created, renewed, expires] = [reader.u64(), reader.u64(), reader.u64()];
  const uid = Buffer.from(reader.take(UID_BYTES, 'record_truncated'));
  const userLength = reader.take(2, 'record_truncated').readUInt16BE();
  const user = userLength === ANONYMOUS ? null : reader.text(userLength, 'record_user_id');
  const dataLength = reader.take(4, 'record_truncated').readUInt32BE();
  const data = reader.text(dataLength, 'record_data');
  // Non-zero padding would be a place to hide bytes that no reader sees.
  if (reader.rest().some((byte) => byte !== 0)) throw new Refused('padding');
  return { created, renewed, expires, uid, user, data };
}

export const inOrder = ({ created, renewed, expires }) => created <= renewed && renewed < expires;

/** Returns when the session really ends, which is what a read reports as its expiry. */
function checkTimes(session, { now, leeway, maxLifetime, maxTtl }) {
  if (!inOrder(session)) throw new Refused('time_order');
  if (session.renewed > saturatingAdd(now, leeway)) throw new Refused('future', 'invalid', true);
  const limit = minimum(saturatingAdd(session.created, maxLifetime), saturatingAdd(session.renewed, maxTtl));
  const end = minimum(session.expires, limit);
  if (now < end) return end;
  // Over by the settings of this server alone, whose limits may just have become shorter.
  const justOver = limit <= now && now < minimum(session.expires, saturatingAdd(limit, JUST_OVER_MS));
  throw new Refused('expired', 'not_found', justOver);
}

// ---- tokens -------------------------------------------------------------------------------------------------

/** Seals any bytes, a malformed record too: the self test makes its bad tokens with this. */
export function sealRecord({ sealingKey, salt, ad, record }) {
  const header = Buffer.concat([Buffer.from([VERSION]), deriveKeyId(sealingKey), salt]);
  const key = deriveMessageKey(sealingKey, salt);
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, ad]), { plaintextLength: record.length });
  const ciphertext = Buffer.concat([cipher.update(record), cipher.final()]);
  return encodeBase64url(Buffer.concat([header, ciphertext, cipher.getAuthTag()]));
}

/** `salt` is a parameter for test vectors only; left out, it comes from the operating system. */
export function seal({ sealingKey, session, ad = Buffer.alloc(0), pad = 0, salt = randomBytes(SALT_BYTES) }) {
  // A store must never make a token that it would itself refuse.
  if (!inOrder(session)) throw new Error('time_order: created <= renewed < expires does not hold');
  const token = sealRecord({ sealingKey, salt, ad, record: encodeRecord(session, pad) });
  if (token.length > MAX_TEXT) throw new Error(`length: the token has ${token.length} characters`);
  return token;
}

function decodeEnvelope(token) {
  // Bytes, not UTF-16 units: a cookie's size limit counts bytes.
  const length = Buffer.byteLength(token, 'utf8');
  if (length < MIN_TEXT || length > MAX_TEXT) throw new Refused('length');
  const bytes = decodeBase64url(token);
  if (bytes === null) throw new Refused('base64');
  if (bytes[0] !== VERSION) throw new Refused('version');
  return {
    header: bytes.subarray(0, HEADER_BYTES),
    keyId: bytes.subarray(1, 1 + KEY_ID_BYTES).toString('hex'),
    salt: bytes.subarray(1 + KEY_ID_BYTES, HEADER_BYTES),
    ciphertext: bytes.subarray(HEADER_BYTES, -TAG_BYTES),
    tag: bytes.subarray(-TAG_BYTES),
  };
}

const OPENING_STATES = new Set(['sealing', 'accepted', 'staged']);

export function findKey(keys, keyId, coming = new Set()) {
  const key = keys.get(keyId);
  // A revoked or gone key answers as an unknown one does.
  if (key === undefined || !OPENING_STATES.has(key.state)) {
    throw new Refused('key_id', 'invalid', coming.has(keyId));
  }
  return key;
}

function decrypt({ header, salt, ciphertext, tag }, sealingKey, ad) {
  const key = deriveMessageKey(sealingKey, salt);
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([header, ad]), { plaintextLength: ciphertext.length });
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final(); // the tag is compared here; the plaintext is not looked at before
  } catch {
    throw new Refused('aead');
  }
  return plaintext;
}

/**
 * `keys`: Map of key id (hex) to {sealingKey, state}, as Ring.keysAt gives it for the same `now` and `leeway`; `coming`
 * as Ring.comingIds does.
 */
export function openToken({
  token, keys, coming, ad = Buffer.alloc(0), now, leeway, maxLifetime, maxTtl = U64_MAX,
}) {
  const envelope = decodeEnvelope(token);
  const key = findKey(keys, envelope.keyId, coming);
  const session = parseRecord(decrypt(envelope, key.sealingKey, ad));
  const expires = checkTimes(session, { now, leeway, maxLifetime, maxTtl });
  return { ...session, expires, sealedExpires: session.expires, keyId: envelope.keyId, keyState: key.state };
}

// ---- key ring -----------------------------------------------------------------------------------------------

function requireDistinct(values, check, what) {
  if (new Set(values).size !== values.length) throw new RingError(check, `ring: ${what}`);
}

/** roots: [{secret, period_s, activate_at_ms, retire_at_ms or null, revoked}], the numbers as BigInt. */
export class Ring {
  constructor({ roots, max_ttl_s: maxTtlS = DEFAULT_MAX_TTL_S, leeway = 0n }) {
    this.maxTtlS = maxTtlS;
    this.roots = roots.map((root) => ({ ...root, prk: derivePrk(root.secret) }));
    requireDistinct(roots.map((root) => root.secret.toString('hex')), 'secret', 'the same secret twice');
    const live = roots.filter((root) => !root.revoked);
    requireDistinct(live.map((root) => root.activate_at_ms), 'activate_at', 'equal activate_at');
    for (const root of this.roots) {
      const retires = root.retire_at_ms;
      if (retires !== null && retires <= root.activate_at_ms) {
        throw new RingError('retire_at', 'ring: retire_at <= activate_at');
      }
      this.requireSmallWindow(root, leeway);
    }
  }

  /** How far back a period's epochs are accepted: long enough for an honest expiry to read as one. */
  lookBackS(root) {
    const grace = root.period_s > DAY_S ? root.period_s : DAY_S;
    return this.maxTtlS + grace;
  }

  /** Judged by the widest window of any `now`, so that a ring does not turn bad as the clock moves on. */
  requireSmallWindow(root, leeway) {
    if (root.period_s === 0n) return;
    const span = this.lookBackS(root) + ceilDiv(leeway, 1000n);
    if (ceilDiv(span, root.period_s) + 1n > MAX_EPOCHS) {
      throw new RingError('period_s', 'ring: more than 1024 epochs');
    }
  }

  rootStates(now) {
    const states = this.roots.map((root) => {
      if (root.revoked) return 'revoked';
      if (root.retire_at_ms !== null && now >= root.retire_at_ms) return 'gone';
      return now < root.activate_at_ms ? 'staged' : 'accepted';
    });
    let latest = -1;
    states.forEach((state, i) => {
      if (state !== 'accepted') return;
      if (latest < 0 || this.roots[i].activate_at_ms > this.roots[latest].activate_at_ms) latest = i;
    });
    if (latest >= 0) states[latest] = 'sealing';
    return states;
  }

  /** [{epoch, state}] of one root: the one key of a static root, or a key for each epoch of the window. */
  epochs(root, rootState, now, leeway) {
    if (root.period_s === 0n) return [{ epoch: 0n, state: rootState }];
    this.requireSmallWindow(root, leeway);
    const periodMs = root.period_s * 1000n;
    const current = now / periodMs;
    const last = saturatingAdd(now, leeway) / periodMs;
    const out = [];
    for (let epoch = saturatingSub(now, this.lookBackS(root) * 1000n) / periodMs; epoch <= last; epoch += 1n) {
      out.push({ epoch, state: epochState(rootState, epoch, current) });
    }
    return out;
  }

  /** Map of key id (hex) to {sealingKey, state}; revoked and gone keys are in it, and `openToken` refuses them. */
  keysAt(now, leeway, name, app) {
    const keys = new Map();
    const rootStates = this.rootStates(now);
    this.roots.forEach((root, i) => {
      for (const { epoch, state } of this.epochs(root, rootStates[i], now, leeway)) {
        const sealingKey = deriveSealingKey(root.prk, { app, name, periodS: root.period_s, epoch });
        const keyId = deriveKeyId(sealingKey).toString('hex');
        if (keys.has(keyId)) throw new RingError('secret', 'ring: two keys with one id');
        keys.set(keyId, { sealingKey, state });
      }
    });
    return keys;
  }

  /** The ids of the epochs that come next, of all roots that open. */
  comingIds(now, leeway, name, app) {
    const states = this.rootStates(now);
    const opening = this.roots.filter((root, i) => root.period_s !== 0n && OPENING_STATES.has(states[i]));
    const idOf = (root) => {
      const epoch = saturatingAdd(now, leeway) / (root.period_s * 1000n) + 1n;
      return deriveKeyId(deriveSealingKey(root.prk, { app, name, periodS: root.period_s, epoch })).toString('hex');
    };
    return new Set(opening.map(idOf));
  }
}

/** A root that is staged, gone or revoked gives its state to all its epochs; the others differ by epoch. */
function epochState(rootState, epoch, current) {
  if (rootState !== 'sealing' && rootState !== 'accepted') return rootState;
  if (epoch > current) return 'staged';
  return epoch === current ? rootState : 'accepted';
}

// ---- ring file ----------------------------------------------------------------------------------------------

function timestampMs(text, what) {
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;
  const ms = typeof text === 'string' && shape.test(text) ? Date.parse(text) : NaN;
  // Date.parse turns 30 February into 2 March; printing it again shows that.
  if (!(ms >= 0) || new Date(ms).toISOString().slice(0, 19) !== text.slice(0, 19)) {
    throw new RingError(what, `ring: ${what} is not a UTC time since 1970`);
  }
  if (ms > LAST_RING_TIME_MS) throw new RingError(what, `ring: ${what} is after 9999-12-30T22:00:00Z`);
  return BigInt(ms);
}

function seconds(value, what) {
  // JSON.parse rounds what a number does not hold; a reader that keeps it gives a BigInt.
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'bigint' && value >= 0n && value <= U64_MAX) return value;
  throw new RingError(what, `ring: ${what} is not a whole number of seconds`);
}

function requireFields(object, required, optional, place, what) {
  if (object === null || typeof object !== 'object' || Array.isArray(object)) {
    throw new RingError(place, `${what}: no object`);
  }
  const unknown = Object.keys(object).find((key) => !required.includes(key) && !optional.includes(key));
  if (unknown !== undefined) throw new RingError('unknown', `${what}: unknown field ${unknown}`);
  const missing = required.find((key) => !Object.hasOwn(object, key));
  if (missing !== undefined) throw new RingError(missing, `${what}: no ${missing}`);
}

function secretFromFile(text) {
  if (typeof text !== 'string') throw new RingError('secret', 'ring: secret is not a string');
  try {
    return decodeRootSecret(text);
  } catch (error) {
    throw new RingError('secret', error.message);
  }
}

function rootFromFile(key) {
  const required = ['secret', 'period_s', 'activate_at', 'retire_at', 'revoked'];
  requireFields(key, required, ['created_at'], 'keys', 'ring key');
  if (typeof key.revoked !== 'boolean') throw new RingError('revoked', 'ring: revoked is not a boolean');
  if (key.created_at !== undefined) timestampMs(key.created_at, 'created_at');
  return {
    secret: secretFromFile(key.secret),
    period_s: seconds(key.period_s, 'period_s'),
    activate_at_ms: timestampMs(key.activate_at, 'activate_at'),
    retire_at_ms: key.retire_at === null ? null : timestampMs(key.retire_at, 'retire_at'),
    revoked: key.revoked,
  };
}

/** A file is counted with this one when it is loaded, whatever the opener's own. */
const LOADING_LEEWAY_MS = 60_000n;

/** The parsed JSON object of a ring file to a Ring, for a server with this leeway. */
export function ringFromFile(file, leeway = 0n) {
  requireFields(file, ['format', 'keys'], ['max_ttl_s'], 'json', 'ring');
  if (file.format !== RING_FORMAT) throw new RingError('format', `ring: format is not ${RING_FORMAT}`);
  if (!Array.isArray(file.keys)) throw new RingError('keys', 'ring: keys is not a list');
  const maxTtlS = file.max_ttl_s === undefined ? DEFAULT_MAX_TTL_S : seconds(file.max_ttl_s, 'max_ttl_s');
  if (maxTtlS === 0n) throw new RingError('max_ttl_s', 'ring: max_ttl_s is 0');
  const counted = leeway > LOADING_LEEWAY_MS ? leeway : LOADING_LEEWAY_MS;
  return new Ring({ roots: file.keys.map(rootFromFile), max_ttl_s: maxTtlS, leeway: counted });
}

// ---- line protocol ------------------------------------------------------------------------------------------

export const field = {
  text(request, name) {
    if (typeof request[name] !== 'string') throw new Error(`${name} is not a string`);
    return request[name];
  },
  hex(request, name) {
    const text = field.text(request, name);
    if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) throw new Error(`${name} is not hex`);
    return Buffer.from(text, 'hex');
  },
  u64(request, name) {
    const text = field.text(request, name);
    if (!/^(0|[1-9]\d{0,19})$/.test(text) || BigInt(text) > U64_MAX) throw new Error(`${name} is not a u64`);
    return BigInt(text);
  },
};

function requestContext(request) {
  return {
    app: field.text(request, 'app'),
    name: field.text(request, 'name'),
    periodS: field.u64(request, 'period_s'),
    epoch: field.u64(request, 'epoch'),
  };
}

function requestSession(request) {
  return {
    created: field.u64(request, 'created'),
    renewed: field.u64(request, 'renewed'),
    expires: field.u64(request, 'expires'),
    uid: field.hex(request, 'uid'),
    user: request.user === null ? null : field.text(request, 'user'),
    data: field.text(request, 'data'),
  };
}

function requestOpening(request) {
  return {
    token: field.text(request, 'token'),
    ad: field.hex(request, 'ad'),
    now: field.u64(request, 'now'),
    leeway: field.u64(request, 'leeway_ms'),
    maxLifetime: field.u64(request, 'max_lifetime_ms'),
    maxTtl: field.u64(request, 'max_ttl_ms'),
  };
}

const requestSealingKey = (request) =>
  deriveSealingKey(derivePrk(field.hex(request, 'secret')), requestContext(request));

function sessionAnswer({ uid, user, data, created, renewed, expires }) {
  const times = { created: `${created}`, renewed: `${renewed}`, expires: `${expires}` };
  return { uid: uid.toString('hex'), user, data, ...times };
}

const operations = {
  seal(request) {
    const sealingKey = requestSealingKey(request);
    const [salt, ad] = [field.hex(request, 'salt'), field.hex(request, 'ad')];
    return { token: seal({ sealingKey, salt, ad, session: requestSession(request), pad: request.pad }) };
  },

  open(request) {
    const sealingKey = requestSealingKey(request);
    const keys = new Map([[deriveKeyId(sealingKey).toString('hex'), { sealingKey, state: 'accepted' }]]);
    return { ok: sessionAnswer(openToken({ ...requestOpening(request), keys })) };
  },

  open_ring(request) {
    const opening = requestOpening(request);
    const [name, app] = [field.text(request, 'name'), field.text(request, 'app')];
    const keys = ringFromFile(request.ring, opening.leeway).keysAt(opening.now, opening.leeway, name, app);
    const session = openToken({ ...opening, keys });
    return { ok: { ...sessionAnswer(session), key_id: session.keyId, key_state: session.keyState } };
  },

  derive(request) {
    const [salt, uid] = [field.hex(request, 'salt'), field.hex(request, 'uid')];
    const prk = derivePrk(field.hex(request, 'secret'));
    const sealingKey = deriveSealingKey(prk, requestContext(request));
    return {
      prk: prk.toString('hex'),
      root_id: deriveRootId(prk).toString('hex'),
      sealing_key: sealingKey.toString('hex'),
      key_id: deriveKeyId(sealingKey).toString('hex'),
      message_key: deriveMessageKey(sealingKey, salt).toString('hex'),
      csrf_token: deriveCsrfToken(sealingKey, salt, uid),
    };
  },
};

/** The answer to one request line, as an object; never throws. */
export function answer(line) {
  try {
    const request = JSON.parse(decodeUtf8(line));
    if (!Object.hasOwn(operations, request.op)) throw new Error('unknown op');
    return operations[request.op](request);
  } catch (error) {
    if (error instanceof Refused) return { error: error.outcome, check: error.check };
    return { error: 'failed', message: String(error.message) };
  }
}

const reply = (line) => process.stdout.write(`${JSON.stringify(answer(line))}\n`);

async function serve() {
  // Not node:readline, which also ends a line at U+2028, a character that JSON may hold unescaped.
  let rest = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      reply(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) reply(rest);
}

// ---- self test ----------------------------------------------------------------------------------------------

const unhex = (text) => Buffer.from(text, 'hex');
const times = { created: 1795000000000n, renewed: 1795000060000n, expires: 1795003660000n };
const testUid = unhex('000102030405060708090a0b0c0d0e0f');

const KNOWN_ANSWERS = [
  {
    comment: 'anonymous, empty data, static root',
    secret: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    context: { app: '', name: '__Host-session', periodS: 0n, epoch: 0n },
    session: { ...times, uid: testUid, user: null, data: '{}' },
    salt: 'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7',
    ad: '',
    pad: 0,
    want: {
      prk: 'de9405a93b704f7a9016a9bc57977d31036c3246d7ccfc0c345a5fd377ce63e8',
      rootId: '97dd7b545d5769dc',
      sealingKey: '405ceb866096fb54deb31b10e0f1f5f529b572e1dae48250bd01d5ead5ad8ab8',
      keyId: '4e2f5d6e4df145e46bf19e3bc108f4a4',
      messageKey: '0453ad423f8242043f6d252301960ffa04e72fc6246be6cebb47dc9a1f309db8',
      plaintext:
        '000001a1ee565e00000001a1ee574860000001a1ee8e36e0000102030405060708090a0b0c0d0e0fffff000000027b7d',
      token:
        'AU4vXW5N8UXka_GeO8EI9KSgoaKjpKWmp6ipqqusra6vsLGys7S1trfuYp1876R00llkRRSFRccRXul2ZOKlxsgZY83WOnCIcn_0' +
        '_dCil-3EIoutTu44mzxbljkMJjkwXiJIRyufTnR4',
      csrf: 'Ti9dbk3xReRr8Z47wQj0pKChoqOkpaanqKmqq6ytrq-wsbKztLW2t2Q--vzFJt6Dk2L23Aao2CEEQauNnyGK8750N8Vay5h-',
    },
  },
  {
    comment: 'user, nested data, daily epoch, app id, associated data, padding',
    secret: '5a'.repeat(64),
    context: { app: 'shop.example', name: 'sid', periodS: 86400n, epoch: 20775n },
    session: { ...times, uid: testUid, user: 'user-42', data: '{"cart":[{"sku":"A1","n":2}],"csrf":"é"}' },
    salt: '6465666768696a6b6c6d6e6f707172737475767778797a7b',
    ad: '74656e616e742d37',
    // The document gives no multiple, only the 13 zero bytes; 107 is the length of the padded record.
    pad: 107,
    want: {
      prk: '9d8d6e0bf16a64034e02e41dca9ad6a52f70a45833ffb03f723b8e01e3d655e4',
      rootId: '70d3a6c1f941741e',
      sealingKey: 'f21a0c6262201f15d063f30f9b997ff437391a93ab696a4707171ad4d49d7e68',
      keyId: '5d9a27ffe8845724520d91614fe51fb5',
      messageKey: '0fb7687f40a5dd38389b4f0d280d23a1ec63f025e6e71fe80caf71c5a00b0ca3',
      plaintext:
        '000001a1ee565e00000001a1ee574860000001a1ee8e36e0000102030405060708090a0b0c0d0e0f0007757365722d343200' +
        '0000297b2263617274223a5b7b22736b75223a224131222c226e223a327d5d2c2263737266223a22c3a9227d' +
        '00000000000000000000000000',
      token:
        'AV2aJ__ohFckUg2RYU_lH7VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5entE1WEs99EHv39xIK6TzY5CwdU7AadjJJ-qrsxHAqooTy_J' +
        'qWHI2565OnpXHqOoNGwe0qAmM-g6drmOLd7OuYm3YWZDNFPhizWju-vW6WHcDjpudQ5ow3UELfaOQTP4xyHEE9xo_--NZ_9S7WgH' +
        'phgEJok5w_9l5q4i0x8',
      csrf: 'XZon_-iEVyRSDZFhT-UftWRlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e8AHaAyklAsvrezK_5fbAoeIHtkZytOHi1LDQiUeA9YT',
    },
  },
];

class Report {
  passed = 0;
  failures = [];

  equal(what, got, want) {
    if (got === want) this.passed += 1;
    else this.failures.push(`${what}: got ${got}, want ${want}`);
  }

  /** `want`: "outcome check" of a refusal, or the start of another error's message, or "ok". */
  outcome(what, run, want) {
    let got = 'ok';
    try {
      run();
    } catch (error) {
      got = error instanceof Refused ? `${error.outcome} ${error.check}` : error.message;
    }
    this.equal(what, got.slice(0, want.length), want);
  }
}

function knownAnswerValues({ secret, context, session, salt, ad, pad }) {
  const prk = derivePrk(unhex(secret));
  const sealingKey = deriveSealingKey(prk, context);
  return {
    prk: prk.toString('hex'),
    rootId: deriveRootId(prk).toString('hex'),
    sealingKey: sealingKey.toString('hex'),
    keyId: deriveKeyId(sealingKey).toString('hex'),
    messageKey: deriveMessageKey(sealingKey, unhex(salt)).toString('hex'),
    plaintext: encodeRecord(session, pad).toString('hex'),
    token: seal({ sealingKey, session, salt: unhex(salt), ad: unhex(ad), pad }),
    csrf: deriveCsrfToken(sealingKey, unhex(salt), session.uid),
  };
}

function testKnownAnswers(report) {
  for (const known of KNOWN_ANSWERS) {
    const got = knownAnswerValues(known);
    for (const name of Object.keys(known.want)) report.equal(`${known.comment}: ${name}`, got[name], known.want[name]);
    const sealingKey = unhex(known.want.sealingKey);
    const keys = new Map([[known.want.keyId, { sealingKey, state: 'accepted' }]]);
    const opening = { token: known.want.token, keys, ad: unhex(known.ad), now: times.renewed, leeway: 0n };
    const opened = openToken({ ...opening, maxLifetime: U64_MAX });
    const want = JSON.stringify(sessionAnswer(known.session));
    report.equal(`${known.comment}: opened`, JSON.stringify(sessionAnswer(opened)), want);
  }
}

/** A fixture on the first known answer: `open` takes what differs from an opening that succeeds. */
function openFixture() {
  const { want } = KNOWN_ANSWERS[0];
  const sealingKey = unhex(want.sealingKey);
  const keys = new Map([[want.keyId, { sealingKey, state: 'sealing' }]]);
  const usual = { token: want.token, keys, now: times.renewed, leeway: 0n, maxLifetime: U64_MAX };
  const salt = Buffer.alloc(SALT_BYTES, 7);
  const sealed = (record) => sealRecord({ sealingKey, salt, ad: Buffer.alloc(0), record });
  return { keys, sealingKey, token: want.token, sealed, open: (changes) => openToken({ ...usual, ...changes }) };
}

function testTextRefusals(report) {
  const { open, token } = openFixture();
  const refuse = (what, changes, check) => report.outcome(what, () => open(changes), `invalid ${check}`);
  refuse('empty', { token: '' }, 'length');
  refuse('137 characters', { token: 'A'.repeat(137) }, 'length');
  refuse('138 characters of zeros', { token: 'A'.repeat(138) }, 'version');
  refuse('8192 characters of zeros', { token: 'A'.repeat(8192) }, 'version');
  refuse('8193 characters', { token: 'A'.repeat(8193) }, 'length');
  refuse('8194 characters, not base64', { token: '='.repeat(8194) }, 'length');
  refuse('141 characters', { token: 'A'.repeat(141) }, 'base64');
  refuse('trailing bits of 2 characters', { token: `${'A'.repeat(137)}B` }, 'base64');
  refuse('trailing bits of 3 characters', { token: `${'A'.repeat(138)}B` }, 'base64');
  refuse('padding character', { token: `${'A'.repeat(139)}=` }, 'base64');
  for (const bad of ['+', '/', ' ', '\n', '\0', '.', 'é', '\u0141']) refuse('alphabet', { token: bad + token }, 'base64');
  refuse('newline at the end', { token: `${token}\n` }, 'base64');
  refuse('newline, a full group', { token: `${token.slice(0, -1)}\n` }, 'base64');
}

function testEnvelopeRefusals(report) {
  const { open, token, keys, sealingKey } = openFixture();
  const refuse = (what, changes, check) => report.outcome(what, () => open(changes), `invalid ${check}`);
  const bytes = decodeBase64url(token);
  const keyId = [...keys.keys()][0];
  for (const version of [0, 2, 255]) {
    refuse('version', { token: encodeBase64url([version, ...bytes.subarray(1)]), keys: new Map() }, 'version');
  }
  refuse('unknown key', { keys: new Map() }, 'key_id');
  for (const state of ['revoked', 'gone']) refuse(state, { keys: new Map([[keyId, { sealingKey, state }]]) }, 'key_id');
  refuse('associated data', { ad: Buffer.from([0]) }, 'aead');
  refuse('cut short', { token: encodeBase64url(bytes.subarray(0, -1)) }, 'aead');
  refuse('one byte more', { token: encodeBase64url([...bytes, 0]) }, 'aead');
  refuse('aead before expiry', { ad: Buffer.from([0]), now: U64_MAX }, 'aead');
}

/** Every single flipped bit of a token is refused, by the check that its place belongs to. */
function testFlippedBits(report) {
  const { open, token } = openFixture();
  const bytes = decodeBase64url(token);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    const at = bit >> 3;
    changed[at] ^= 1 << (bit & 7);
    const check = at === 0 ? 'version' : at <= KEY_ID_BYTES ? 'key_id' : 'aead';
    report.outcome(`bit ${bit}`, () => open({ token: encodeBase64url(changed) }), `invalid ${check}`);
  }
}

const BAD_UTF8 = ['80', 'ff', 'c080', 'c1bf', 'c3', 'e08080', 'e282', 'eda080', 'edbfbf', 'f0808080', 'f4908080', 'f5808080'];

function testRecordRefusals(report) {
  const { open, sealed } = openFixture();
  const head = encodeRecord({ ...times, uid: testUid, user: null, data: '' }).subarray(0, 40);
  const refuse = (what, tail, check) => {
    const record = Buffer.concat([head, unhex(tail)]);
    report.outcome(`record: ${what}`, () => open({ token: sealed(record) }), `invalid ${check}`);
  };
  refuse('user overruns by one', '0005' + '00000000', 'record_user_id');
  refuse('longest user length', 'fffe' + '00000000', 'record_user_id');
  refuse('data length does not fit', '0001' + '61' + '000000', 'record_truncated');
  refuse('nothing after the user', '0004' + '61616161', 'record_truncated');
  refuse('data overruns by one', 'ffff' + '00000003' + '7b7d', 'record_data');
  refuse('longest data length', 'ffff' + 'ffffffff' + '7b7d', 'record_data');
  for (const bad of BAD_UTF8) {
    const length = (bad.length / 2).toString(16);
    refuse(`user ${bad}`, `000${length}${bad}` + '000000027b7d', 'record_user_id');
    refuse(`data ${bad}`, `ffff0000000${length}${bad}`, 'record_data');
  }
  refuse('bad user before bad data', '0001' + 'ff' + 'ffffffff', 'record_user_id');
  refuse('padding, last byte', 'ffff' + '00000000' + '000001', 'padding');
  refuse('padding, first byte', 'ffff' + '00000000' + '800000', 'padding');
  refuse('data before padding', 'ffff' + '00000001' + 'ff01', 'record_data');
  for (const length of [0, 7, 8, 24, 39, 40, 41, 42, 45]) {
    const record = Buffer.concat([head, unhex('ffff00000000')]).subarray(0, length);
    report.outcome(`record of ${length} bytes`, () => parseRecord(record), 'invalid record_truncated');
  }
}

function timesFixture(report) {
  const { open, sealed, sealingKey } = openFixture();
  const session = { ...times, uid: testUid, user: '', data: '' };
  const openTimes = (changes, limits) => open({ token: sealed(encodeRecord({ ...session, ...changes })), ...limits });
  const check = (what, changes, limits, want) => report.outcome(what, () => openTimes(changes, limits), want);
  return { check, open, session, sealingKey };
}

function testTimes(report) {
  const { check, session, sealingKey } = timesFixture(report);
  const { created, renewed, expires } = times;
  check('created > renewed', { created: renewed + 1n }, {}, 'invalid time_order');
  check('created = renewed', { created: renewed }, {}, 'ok');
  check('renewed = expires', { renewed: expires }, { now: expires }, 'invalid time_order');
  check('order before future', { created: U64_MAX, renewed: U64_MAX, expires: 0n }, {}, 'invalid time_order');
  check('renewed in the future', {}, { now: renewed - 1n }, 'invalid future');
  check('just within the leeway', {}, { now: renewed - 5n, leeway: 5n }, 'ok');
  check('just beyond the leeway', {}, { now: renewed - 6n, leeway: 5n }, 'invalid future');
  check('leeway saturates', {}, { now: renewed - 1n, leeway: U64_MAX }, 'ok');
  check('future before expired', {}, { now: renewed - 1n, maxLifetime: 0n }, 'invalid future');
  const wrong = () => seal({ sealingKey, session: { ...session, expires: renewed } });
  report.outcome('seal checks the order', wrong, 'time_order');
}

function testLifetime(report) {
  const { check, open } = timesFixture(report);
  const { created, renewed, expires } = times;
  check('last millisecond', {}, { now: expires - 1n }, 'ok');
  check('expired', {}, { now: expires }, 'not_found expired');
  check('lifetime, last millisecond', {}, { maxLifetime: renewed - created + 1n }, 'ok');
  check('maximum TTL, last millisecond', {}, { now: renewed + 4n, maxTtl: 5n }, 'ok');
  check('maximum TTL over', {}, { now: renewed + 5n, maxTtl: 5n }, 'not_found expired');
  check('lifetime over', {}, { maxLifetime: renewed - created }, 'not_found expired');
  const late = { created: U64_MAX - 2n, renewed: U64_MAX - 2n, expires: U64_MAX };
  check('lifetime saturates', late, { now: U64_MAX - 1n, maxLifetime: 9n }, 'ok');
  check('the end of time', late, { now: U64_MAX, maxLifetime: 9n }, 'not_found expired');
  report.equal('reports the minimum', open({ maxLifetime: 90000n }).expires, created + 90000n);
}

function testTexts(report) {
  const { open, sealed, sealingKey } = openFixture();
  const session = { ...times, uid: testUid, user: '\ufeffu\u0000', data: '\ufeff"\u2028\u{1f600}"' };
  const opened = open({ token: seal({ sealingKey, session, pad: 64 }) });
  report.equal('user, byte for byte', opened.user, session.user);
  report.equal('data, byte for byte', opened.data, session.data);
  report.equal('empty user is not anonymous', open({ token: sealed(encodeRecord({ ...session, user: '' })) }).user, '');
  report.outcome('lone surrogate', () => encodeRecord({ ...session, data: '\ud800' }), 'text has a lone surrogate');
}

function testSizes(report) {
  const { open, sealingKey } = openFixture();
  const session = { ...times, uid: testUid, user: '', data: '' };
  report.outcome('user of 65535 bytes', () => encodeRecord({ ...session, user: 'a'.repeat(65535) }), 'user id');
  report.outcome('user of 65534 bytes', () => encodeRecord({ ...session, user: 'a'.repeat(65534) }), 'ok');
  const ofLength = (length, pad) => seal({ sealingKey, session: { ...session, data: 'a'.repeat(length) }, pad });
  report.equal('smallest token', ofLength(0, 0).length, MIN_TEXT);
  report.equal('largest token', ofLength(MAX_RECORD - 46, 0).length, MAX_TEXT);
  report.outcome('largest token opens', () => open({ token: ofLength(MAX_RECORD - 46, 4096) }), 'ok');
  report.outcome('too large a token', () => ofLength(MAX_RECORD - 45, 0), 'length');
  report.equal('padding stops at the limit', ofLength(5000, 4096).length, MAX_TEXT);
  for (const pad of [0, 1, 2, 45, 46, 47, 100]) {
    const { length } = encodeRecord(session, pad);
    report.equal(`padded to ${pad}`, length, pad < 2 ? 46 : Math.ceil(46 / pad) * pad);
  }
  const joined = joinAssociatedData([Buffer.from('ab'), Buffer.from('c')]).toString('hex');
  report.equal('joined associated data', joined, '0000000261620000000163');
}

function testBase64(report) {
  for (let length = 0; length < 70; length += 1) {
    const bytes = randomBytes(length);
    report.equal(`base64 of ${length}`, decodeBase64url(encodeBase64url(bytes))?.toString('hex'), bytes.toString('hex'));
  }
  // Of the 64 x 64 two-character texts exactly the 256 with zero trailing bits are some byte's text.
  const pairs = [...BASE64URL].flatMap((a) => [...BASE64URL].map((b) => a + b));
  report.equal('two characters', pairs.filter((pair) => decodeBase64url(pair) !== null).length, 256);
  const triples = pairs.map((pair) => `A${pair}`);
  report.equal('three characters', triples.filter((text) => decodeBase64url(text) !== null).length, 1024);
}

function testSecretText(report) {
  const secret = unhex(KNOWN_ANSWERS[0].secret);
  const text = encodeRootSecret(secret);
  const refuse = (what, bad, check) => report.outcome(what, () => decodeRootSecret(bad), `root secret text: ${check}`);
  const ofBytes = (bytes) => SECRET_PREFIX + encodeBase64url(Buffer.concat([bytes, secretChecksum(bytes)]));
  report.equal('secret text', decodeRootSecret(text).toString('hex'), secret.toString('hex'));
  report.equal('secret text, newline', decodeRootSecret(`${text}\n`).toString('hex'), secret.toString('hex'));
  report.equal('secret of 64 bytes', decodeRootSecret(ofBytes(Buffer.alloc(64, 9))).length, 64);
  refuse('two newlines', `${text}\n\n`, 'base64');
  refuse('CR LF', `${text}\r\n`, 'base64');
  refuse('leading space', ` ${text}`, 'prefix');
  refuse('other prefix', text.replace('ssr1_', 'ssr2_'), 'prefix');
  refuse('empty', '', 'prefix');
  refuse('trailing bits', `${SECRET_PREFIX}${'A'.repeat(49)}B`, 'base64');
  refuse('31 bytes', ofBytes(Buffer.alloc(31)), 'length');
  refuse('65 bytes', ofBytes(Buffer.alloc(65)), 'length');
  refuse('a changed character', text.replace('ssr1_A', 'ssr1_B'), 'checksum');
  report.outcome('short secret', () => derivePrk(Buffer.alloc(31)), 'a root secret');
  report.outcome('long secret', () => encodeRootSecret(Buffer.alloc(65)), 'a root secret');
}

const root = (fill, activate, changes = {}) => ({
  secret: Buffer.alloc(32, fill),
  period_s: 0n,
  activate_at_ms: activate,
  retire_at_ms: null,
  revoked: false,
  ...changes,
});

function testRingStates(report) {
  const roots = [
    root(1, 0n),
    root(2, 100n, { retire_at_ms: 300n }),
    root(3, 200n),
    root(4, 50n, { retire_at_ms: 150n }),
    root(5, 100n, { revoked: true }),
  ];
  const ring = new Ring({ roots });
  const check = (now, want) => report.equal(`states at ${now}`, ring.rootStates(now).join(' '), want);
  check(0n, 'sealing staged staged staged revoked');
  check(49n, 'sealing staged staged staged revoked');
  check(50n, 'accepted staged staged sealing revoked');
  check(99n, 'accepted staged staged sealing revoked');
  check(100n, 'accepted sealing staged accepted revoked');
  check(150n, 'accepted sealing staged gone revoked');
  check(200n, 'accepted accepted sealing gone revoked');
  check(300n, 'accepted gone sealing gone revoked');
  const none = new Ring({ roots: [root(1, 10n)] });
  report.equal('no sealing root', none.rootStates(9n).join(), 'staged');
  report.equal('no roots', new Ring({ roots: [] }).keysAt(0n, 0n, 'sid', '').size, 0);
}

function testRingLeeway(report) {
  const roots = [root(1, 0n, { period_s: 1000n })];
  const refuse = (what, leeway, want) =>
    report.outcome(what, () => new Ring({ roots, max_ttl_s: 936599n, leeway }), want);
  refuse('1024 epochs with a second of leeway', 1000n, 'ok');
  refuse('1025 epochs, for a millisecond', 1001n, 'ring: more than 1024');
}

function testRingErrors(report) {
  const refuse = (what, roots, want, maxTtlS) =>
    report.outcome(what, () => new Ring({ roots, max_ttl_s: maxTtlS }), want);
  refuse('same secret', [root(1, 0n), root(1, 1n)], 'ring: the same secret');
  refuse('same secret, revoked', [root(1, 0n), root(1, 1n, { revoked: true })], 'ring: the same secret');
  refuse('equal activate_at', [root(1, 5n), root(2, 5n)], 'ring: equal activate_at');
  refuse('equal activate_at, revoked', [root(1, 5n), root(2, 5n, { revoked: true })], 'ok');
  refuse('retires when it activates', [root(1, 5n, { retire_at_ms: 5n })], 'ring: retire_at');
  refuse('retires 1 ms later', [root(1, 5n, { retire_at_ms: 6n })], 'ok');
  // With a period of 1000 s the look-back is max_ttl + 86,400 s; 1,023,000 s are 1,023 whole periods and one more.
  refuse('1024 epochs', [root(1, 0n, { period_s: 1000n })], 'ok', 936600n);
  refuse('1025 epochs', [root(1, 0n, { period_s: 1000n })], 'ring: more than 1024', 936601n);
  refuse('period of 2^64-1', [root(1, 0n, { period_s: U64_MAX })], 'ok', U64_MAX);
}

const day = 86400000n;
const daily = { period_s: 86400n };

/** The epochs of all roots, each with the first letter of its state. */
function showEpochs(ring, now, leeway) {
  const states = ring.rootStates(now);
  const epochs = ring.roots.flatMap((each, i) => ring.epochs(each, states[i], now, leeway));
  return epochs.map(({ epoch, state }) => `${epoch}${state[0]}`).join(' ');
}

function testEpochs(report) {
  const ring = new Ring({ roots: [root(1, 0n, daily)], max_ttl_s: 86400n });
  report.equal('window', showEpochs(ring, 10n * day + 5n, 0n), '8a 9a 10s');
  report.equal('window with leeway', showEpochs(ring, 11n * day - 5n, 5n), '8a 9a 10s 11s');
  report.equal('window just short', showEpochs(ring, 11n * day - 6n, 5n), '8a 9a 10s');
  report.equal('window from 1970', showEpochs(ring, 0n, 0n), '0s');
  report.equal('staged epoch', ring.epochs(ring.roots[0], 'sealing', 11n * day - 1n, 1n).at(-1).state, 'staged');
  const ninety = new Ring({ roots: [root(1, 0n, { period_s: 7776000n })] });
  report.equal('grace is the period', showEpochs(ninety, 900n * day, 0n), '8a 9a 10s');
  const huge = () => ring.keysAt(U64_MAX, U64_MAX, 'sid', '');
  report.outcome('leeway widens the window too far', huge, 'ring: more than 1024');
}

function testEpochsOfTwoRoots(report) {
  const two = new Ring({ roots: [root(1, 0n, daily), root(2, 3n * day, daily)], max_ttl_s: 0n });
  report.equal('next root staged', showEpochs(two, 2n * day, 0n), '1a 2s 1s 2s');
  report.equal('next root staged, state', two.epochs(two.roots[1], 'staged', 2n * day, 0n)[0].state, 'staged');
  report.equal('next root sealing', showEpochs(two, 3n * day, 0n), '2a 3a 2a 3s');
}

const ringFile = (changes = {}, keyChanges = {}) => ({
  format: RING_FORMAT,
  keys: [
    {
      secret: encodeRootSecret(unhex(KNOWN_ANSWERS[1].secret)),
      period_s: 86400,
      activate_at: '1970-01-01T00:00:00Z',
      retire_at: null,
      revoked: false,
      ...keyChanges,
    },
  ],
  ...changes,
});

function testRingFile(report) {
  const load = (what, file, want) => report.outcome(what, () => ringFromFile(file), want);
  load('ring file', ringFile({ max_ttl_s: 60 }, { created_at: '2026-11-20T00:00:00.5Z' }), 'ok');
  load('other format', ringFile({ format: 'sealed-session-ring/2' }), 'ring: format');
  load('30 February', ringFile({}, { activate_at: '2026-02-30T00:00:00Z' }), 'ring: activate_at');
  load('before 1970', ringFile({}, { activate_at: '1969-12-31T23:59:59Z' }), 'ring: activate_at');
  load('no time zone', ringFile({}, { retire_at: '2026-11-20T00:00:00' }), 'ring: retire_at');
  load('fraction of a second', ringFile({}, { period_s: 1.5 }), 'ring: period_s');
  load('unknown field', ringFile({}, { note: '' }), 'ring key: unknown field');
  load('no longest TTL', ringFile({ max_ttl_s: 0 }), 'ring: max_ttl_s is 0');
  load('a rounded longest TTL', ringFile({ max_ttl_s: 2 ** 53 }), 'ring: max_ttl_s');
  load('an exact longest TTL', ringFile({ max_ttl_s: U64_MAX }, { period_s: 0n }), 'ok');
  load('a missing field', ringFile({}, { retire_at: undefined }), 'ring: retire_at');
  load('bad secret', ringFile({}, { secret: 'x' }), 'root secret text: prefix');
}

const known2 = KNOWN_ANSWERS[1];
const knownRequest = {
  secret: known2.secret,
  app: known2.context.app,
  name: known2.context.name,
  period_s: '86400',
  epoch: '20775',
  salt: known2.salt,
  ad: known2.ad,
  token: known2.want.token,
  ...sessionAnswer(known2.session),
  pad: known2.pad,
  now: `${times.renewed}`,
  leeway_ms: '0',
  max_lifetime_ms: '100000',
  max_ttl_ms: '1000000',
};

function testProtocol(report) {
  const ask = (request) => JSON.stringify(answer(Buffer.from(JSON.stringify({ ...knownRequest, ...request }))));
  const read = { ...sessionAnswer(known2.session), expires: '1795000100000' };
  const ringAnswer = (state) => JSON.stringify({ ok: { ...read, key_id: known2.want.keyId, key_state: state } });
  const refused = '{"error":"invalid","check":"key_id"}';
  const openRing = (changes, request = {}) => ask({ op: 'open_ring', ring: ringFile({}, changes), ...request });
  report.equal('op seal', ask({ op: 'seal' }), JSON.stringify({ token: known2.want.token }));
  report.equal('op open', ask({ op: 'open' }), JSON.stringify({ ok: read }));
  report.equal('op open, expired', ask({ op: 'open', max_lifetime_ms: '0' }), '{"error":"not_found","check":"expired"}');
  report.equal('op open, other epoch', ask({ op: 'open', epoch: '20774' }), refused);
  report.equal('op open_ring', openRing({}), ringAnswer('sealing'));
  report.equal('op open_ring, staged', openRing({ activate_at: '2099-01-01T00:00:00Z' }), ringAnswer('staged'));
  report.equal('op open_ring, revoked', openRing({ revoked: true }), refused);
  report.equal('op open_ring, gone', openRing({ retire_at: '2026-11-01T00:00:00Z' }), refused);
  report.equal('op open_ring, other app', openRing({}, { app: 'shop.exampl' }), refused);
  report.equal('op open_ring, bytes moved', openRing({}, { app: 'shop.examples', name: 'id' }), refused);
  report.equal('op derive', JSON.parse(ask({ op: 'derive' })).csrf_token, known2.want.csrf);
  report.equal('op unknown', ask({ op: 'toString' }), '{"error":"failed","message":"unknown op"}');
  for (const bad of ['-1', '01', '18446744073709551616', '', '1.0', 5]) {
    report.equal(`u64 ${bad}`, ask({ op: 'open', now: bad }).slice(0, 17), '{"error":"failed"');
  }
  report.equal('not JSON', answer(Buffer.from('{')).error, 'failed');
}

function selfTest() {
  const report = new Report();
  const tests = [
    testKnownAnswers, testTextRefusals, testEnvelopeRefusals, testFlippedBits, testRecordRefusals, testTimes,
    testLifetime, testTexts, testSizes, testBase64, testSecretText, testRingStates, testRingErrors, testRingLeeway,
    testEpochs, testEpochsOfTwoRoots, testRingFile, testProtocol,
  ];
  for (const test of tests) report.outcome(test.name, () => test(report), 'ok');
  for (const failure of report.failures) console.error(`MISMATCH ${failure}`);
  console.log(`sealed_session.mjs: ${report.passed} checks passed, ${report.failures.length} failed`);
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

// ---- command line -------------------------------------------------------------------------------------------

async function main(args) {
  if (args.length === 0) return selfTest();
  if (args.length === 1 && args[0] === 'serve') return serve();
  console.error('usage: node sealed_session.mjs [serve]');
  process.exitCode = 2;
}

/** False when imported; real paths, because the command may name a symbolic link. */
function isMain() {
  try {
    return realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url));
  } catch {
    return false;
  }
}

if (isMain()) await main(process.argv.slice(2));
