// What each kind of test vector asks for. A check throws when the answer is another one.

import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { timingSafeEqual } from 'node:crypto';

import { Accumulation, draw } from './accumulated.mjs';
import { Unclear, find } from './cookies.mjs';
import { Ends, Over, Server, bindingOf, unquoted } from './dbsc.mjs';
import { parseJson, parseRingJson } from './json_text.mjs';
import { NotSealed, Sealer, run } from './operations.mjs';
import {
  Refused, RingError, SecretTextError, decodeBase64url, decodeRootSecret, deriveCsrfToken, deriveKeyId,
  deriveMessageKey, derivePrk, deriveRootId, deriveSealingKey, encodeRecord, encodeRootSecret, encodeUtf8, field,
  findKey, hkdfExpand, joinAssociatedData, openToken, ringFromFile, sealRecord,
} from './sealed_session.mjs';

const unhex = (text) => Buffer.from(text, 'hex');
const hex = (bytes) => bytes.toString('hex');
const u64 = field.u64;
const bytes = field.hex;

/** Text, or the short form of a letter that repeats. */
const text = (value) => (value !== null && typeof value === 'object' ? value.repeat.repeat(value.times) : value);

/** "outcome check" of what a call refuses, with "transient" where its cookie is to be left in place, or null. */
function refusal(call) {
  try {
    call();
  } catch (error) {
    if ([Refused, NotSealed, Ends].some((kind) => error instanceof kind)) return told(error);
    if (error instanceof Over) return null; // a challenge is no refusal
    if (error instanceof SecretTextError || error instanceof RingError) return `invalid ${error.check}`;
    throw error;
  }
  return null;
}

/** What a vector or an error tells of a refusal. */
function told({ outcome = 'invalid', check, transient = false }) {
  return `${outcome} ${check}${transient ? ' transient' : ''}`;
}

function repaired(vector) {
  const [[name, value], ...more] = Object.entries(vector.repair);
  strictEqual(more.length, 0, 'a repair changes one thing');
  if (JSON.stringify(vector[name]) === JSON.stringify(value)) throw new Error(`repair: ${name} is no other`);
  return { ...vector, [name]: value };
}

/** Refused for the one reason, and not once that is repaired. */
function checkRefused(vector, call) {
  strictEqual(refusal(() => call(vector)), told(vector));
  const then = vector.then === undefined ? null : told(vector.then);
  strictEqual(refusal(() => call(repaired(vector))), then, 'repaired');
}

// ---- root secrets and derivation ----------------------------------------------------------------------------

function secretText(vector) {
  const secret = decodeRootSecret(vector.text);
  strictEqual(hex(secret), vector.secret);
  strictEqual(`${encodeRootSecret(secret)}${vector.text.endsWith('\n') ? '\n' : ''}`, vector.text);
  strictEqual(hex(deriveRootId(derivePrk(secret))), vector.root_id);
}

const context = (vector) => ({
  app: text(vector.app),
  name: text(vector.name),
  periodS: u64(vector, 'period_s'),
  epoch: u64(vector, 'epoch'),
});

function derivation(vector) {
  const prk = derivePrk(bytes(vector, 'secret'));
  const [sealingKey, salt] = [deriveSealingKey(prk, context(vector)), bytes(vector, 'salt')];
  const csrf = deriveCsrfToken(sealingKey, salt, bytes(vector, 'uid'));
  const got = {
    prk: hex(prk),
    root_id: hex(deriveRootId(prk)),
    sealing_key: hex(sealingKey),
    key_id: hex(deriveKeyId(sealingKey)),
    message_key: hex(deriveMessageKey(sealingKey, salt)),
    csrf_mac: hex(decodeBase64url(csrf).subarray(40)),
    csrf_token: csrf,
  };
  for (const [name, value] of Object.entries(got)) strictEqual(value, vector[name], name);
  if (vector.context === undefined) return;
  const info = ['sealed-session/v1 sealing key', bytes(vector, 'context')];
  strictEqual(hex(hkdfExpand(prk, info, 32)), vector.sealing_key, 'context');
}

/** The implementation does not name the input that it refuses; each has its own place to be refused at. */
function derivedOrNot(vector) {
  let check = 'secret';
  try {
    const prk = derivePrk(bytes(vector, 'secret'));
    for (check of ['app', 'name']) deriveSealingKey(prk, { ...context(vector), app: '', name: text(vector[check]) });
  } catch {
    throw new Refused(check);
  }
}

function join(vector) {
  strictEqual(hex(joinAssociatedData(vector.parts.map(unhex))), vector.joined);
}

// ---- sealing and opening ------------------------------------------------------------------------------------

const session = (vector) => ({
  created: u64(vector, 'created_at_ms'),
  renewed: u64(vector, 'renewed_at_ms'),
  expires: u64(vector, 'expires_at_ms'),
  uid: bytes(vector, 'uid'),
  user: vector.user,
  data: vector.data,
});

function seal(vector) {
  const record = Buffer.concat([encodeRecord(session(vector)), Buffer.alloc(vector.padding)]);
  if (vector.record !== undefined) strictEqual(hex(record), vector.record, 'record');
  const sealingKey = deriveSealingKey(derivePrk(bytes(vector, 'secret')), context(vector));
  const [salt, ad] = [bytes(vector, 'salt'), bytes(vector, 'ad')];
  strictEqual(sealRecord({ sealingKey, salt, ad, record }), vector.token, 'token');
}

/** A ring, and what its keys are asked with. */
function ringAt(vector) {
  const [now, leeway] = [u64(vector, 'now'), u64(vector, 'leeway_ms')];
  return [ringFromFile(vector.ring, leeway), [now, leeway, vector.name, vector.app]];
}

function keysOf(vector) {
  const [ring, asked] = ringAt(vector);
  return ring.keysAt(...asked);
}

const opened = (vector) => openText(vector, vector.token);

function openText(vector, token) {
  const [ring, asked] = ringAt(vector);
  return openToken({
    token,
    keys: ring.keysAt(...asked),
    coming: ring.comingIds(...asked),
    ad: bytes(vector, 'ad'),
    now: u64(vector, 'now'),
    leeway: u64(vector, 'leeway_ms'),
    maxLifetime: u64(vector, 'max_lifetime_ms'),
    maxTtl: u64(vector, 'max_ttl_ms'),
  });
}

function openValid(vector) {
  const got = opened(vector);
  const answer = {
    uid: hex(got.uid),
    user: got.user,
    data: got.data,
    created_at_ms: `${got.created}`,
    renewed_at_ms: `${got.renewed}`,
    expires_at_ms: `${got.expires}`,
    key_id: got.keyId,
    key_state: got.keyState,
  };
  deepStrictEqual(answer, vector.opened);
  // What was opened, sealed under the same key and salt.
  const octets = decodeBase64url(vector.token);
  const record = encodeRecord({ ...got, expires: got.sealedExpires });
  const padded = Buffer.concat([record, Buffer.alloc(octets.length - 57 - record.length)]);
  const { sealingKey } = keysOf(vector).get(got.keyId);
  const again = sealRecord({ sealingKey, salt: octets.subarray(17, 41), ad: bytes(vector, 'ad'), record: padded });
  strictEqual(again, vector.token, 'sealed again');
}

/** Whether some key of the ring seals the record of a vector as its token. */
function sealedByRing(vector) {
  const salt = decodeBase64url(vector.token).subarray(17, 41);
  const [ad, record] = [bytes(vector, 'ad'), bytes(vector, 'record')];
  return [...keysOf(vector).values()].some(
    ({ sealingKey }) => sealRecord({ sealingKey, salt, ad, record }) === vector.token,
  );
}

function openRefused(vector) {
  checkRefused(vector, opened);
  if (vector.record === undefined) return;
  const really = [vector, { ...repaired(vector), token: vector.token }].some(sealedByRing);
  if (!really) throw new Error('no key of the ring seals its record so');
}

// ---- cookies ------------------------------------------------------------------------------------------------

const cookiesFound = (vector) =>
  find(vector.headers, vector.name, vector.in_two, (token) => openText(vector, token));

// ---- CSRF tokens --------------------------------------------------------------------------------------------

/** Section 13. */
function csrfTaken(vector) {
  if (encodeUtf8(vector.csrf_token).length !== 96) throw new Refused('length');
  const octets = decodeBase64url(vector.csrf_token);
  if (octets === null) throw new Refused('base64');
  const { sealingKey } = findKey(keysOf(vector), hex(octets.subarray(0, 16)));
  const expected = decodeBase64url(deriveCsrfToken(sealingKey, octets.subarray(16, 40), bytes(vector, 'uid')));
  if (!timingSafeEqual(expected.subarray(40), octets.subarray(40))) throw new Refused('mac');
}

function csrfMade(vector) {
  const sealing = [...keysOf(vector).values()].filter(({ state }) => state === 'sealing');
  strictEqual(sealing.length, 1, 'keys that seal');
  const made = deriveCsrfToken(sealing[0].sealingKey, bytes(vector, 'salt'), bytes(vector, 'uid'));
  strictEqual(made, vector.csrf_token);
  csrfTaken(vector);
}

// ---- device-bound sessions ----------------------------------------------------------------------------------

function dbscServer(vector) {
  const [now, leeway] = [u64(vector, 'now'), u64(vector, 'leeway_ms')];
  return new Server({
    ring: ringFromFile(vector.ring, leeway),
    app: vector.app,
    name: vector.name,
    now,
    leeway,
    maxLifetime: u64(vector, 'max_lifetime_ms'),
    ttls: {
      proof: u64(vector, 'proof_ttl_ms'),
      challenge: u64(vector, 'challenge_ttl_ms'),
      registration: u64(vector, 'registration_ttl_ms'),
      identifier: u64(vector, 'identifier_lifetime_ms'),
    },
    random: unhex(vector.random ?? ''),
    padding: vector.padding ?? 1,
  });
}

function dbscOffered(vector) {
  strictEqual(dbscServer(vector).offer(bytes(vector, 'login_uid')), vector.challenge);
}

const dbscRegister = (vector) => dbscServer(vector).register(vector.jwt, bytes(vector, 'login_uid'));

function dbscRegistered(vector) {
  const [key, server] = [dbscRegister(vector), dbscServer(vector)];
  strictEqual(hex(server.random.subarray(0, 16)), vector.uid);
  const identifier = server.identifier(key, vector.user);
  strictEqual(identifier, vector.identifier);
  strictEqual(hex(bindingOf(identifier)), vector.binding);
  dbscNext(server, vector);
}

/** The proof and the next challenge, and nothing more is drawn. */
function dbscNext(server, vector) {
  strictEqual(server.prove(bytes(vector, 'binding')), vector.proof);
  strictEqual(server.ask(bytes(vector, 'binding')), vector.challenge);
  strictEqual(server.random.length, 0, 'left of what was drawn');
}

const dbscRefresh = (vector) => dbscServer(vector).refresh(vector.identifier, vector.jwt);

function dbscProven(vector) {
  const { uid, user, created } = dbscRefresh(vector);
  deepStrictEqual([hex(uid), user, `${created}`], [vector.uid, vector.user, vector.registered_at_ms]);
  strictEqual(hex(bindingOf(unquoted(vector.identifier))), vector.binding);
  dbscNext(dbscServer(vector), vector);
}

function dbscAsked(vector) {
  throws(() => dbscRefresh(vector), Over);
  strictEqual(dbscServer(vector).ask(bindingOf(unquoted(vector.identifier))), vector.challenge);
}

const dbscOpen = (vector) => dbscServer(vector).openBound(vector.proof, vector.token, bytes(vector, 'ad'));

function dbscBound(vector) {
  const { uid, user, data } = dbscOpen(vector);
  deepStrictEqual([hex(uid), user, data], [vector.uid, vector.user, vector.data]);
}

function dbscCsrf(vector) {
  const server = dbscServer(vector);
  strictEqual(server.csrfToken(server.draw(24), dbscOpen(vector).uid), vector.csrf_token);
}

function dbscBoundRefused(vector) {
  throws(() => dbscOpen(vector), { of: vector.of, check: vector.check });
  dbscOpen(repaired(vector));
}

// ---- rings --------------------------------------------------------------------------------------------------

function ringKeys(vector) {
  const [now, leeway] = [u64(vector, 'now'), u64(vector, 'leeway_ms')];
  const ring = ringFromFile(vector.ring, leeway);
  const states = ring.rootStates(now);
  const ofRoots = ring.roots.map((root, i) => ring.epochs(root, states[i], now, leeway));
  const keys = ring.roots.flatMap((root, i) =>
    ofRoots[i].map(({ epoch, state }) => {
      const names = { app: vector.app, name: vector.name, periodS: root.period_s, epoch };
      const keyId = deriveKeyId(deriveSealingKey(root.prk, names));
      return { root_id: hex(deriveRootId(root.prk)), key_id: hex(keyId), epoch: `${epoch}`, state };
    }),
  );
  deepStrictEqual(states, vector.root_states);
  const epochs = ofRoots.map((of) => ({ first: `${of[0].epoch}`, last: `${of.at(-1).epoch}` }));
  deepStrictEqual(epochs, vector.epochs);
  deepStrictEqual(keys, vector.keys);
  const sealing = keys.filter(({ state }) => state === 'sealing').map((key) => key.key_id);
  deepStrictEqual(sealing, vector.sealing === null ? [] : [vector.sealing]);
  deepStrictEqual([...keysOf(vector).keys()], keys.map((key) => key.key_id));
}

function parsedRing(ringText) {
  try {
    return parseRingJson(ringText);
  } catch (error) {
    throw new RingError('json', error.message);
  }
}

const loaded = (vector) => ringFromFile(parsedRing(vector.ring_text), u64(vector, 'leeway_ms'));

function ringFile(vector) {
  const ring = loaded(vector);
  strictEqual(`${ring.maxTtlS}`, vector.max_ttl_s);
  const decimal = (ms) => (ms === null ? null : `${ms}`);
  // When a secret was made is not kept: nothing depends on it.
  const made = parseJson(vector.ring_text).keys.map((key) => key.created_at);
  const createdMs = (at) => (at === undefined ? null : `${Date.parse(at)}`);
  const roots = ring.roots.map((root, i) => ({
    root_id: hex(deriveRootId(root.prk)),
    period_s: `${root.period_s}`,
    created_at_ms: createdMs(made[i]),
    activate_at_ms: decimal(root.activate_at_ms),
    retire_at_ms: decimal(root.retire_at_ms),
    revoked: root.revoked,
  }));
  deepStrictEqual(roots, vector.roots);
}

// ---- operations ---------------------------------------------------------------------------------------------

function operation(vector) {
  const optional = (read, name) => (vector[name] === undefined ? undefined : read(vector, name));
  const sealer = new Sealer({
    ring: ringFromFile(vector.ring, u64(vector, 'leeway_ms')),
    app: vector.app,
    name: vector.name,
    leeway: u64(vector, 'leeway_ms'),
    maxLifetime: u64(vector, 'max_lifetime_ms'),
    defaultTtl: u64(vector, 'default_ttl_ms'),
    maxTtl: u64(vector, 'max_ttl_ms'),
    padding: vector.padding,
    maxTokenChars: vector.max_token_chars,
  });
  return run(sealer, {
    op: vector.op,
    now: u64(vector, 'now'),
    ad: bytes(vector, 'ad'),
    salt: bytes(vector, 'salt'),
    uid: optional(bytes, 'uid'),
    token: vector.token,
    ttl: optional(u64, 'ttl_ms'),
    user: text(vector.user ?? null),
    data: text(vector.data ?? null),
    keep: vector.keep,
  });
}

function operationDone(vector) {
  const sealed = operation(vector);
  strictEqual(sealed, vector.sealed, 'sealed');
  if (sealed !== null) strictEqual(sealedByRing({ ...vector, token: sealed }), true, 'record');
}

function operationRefused(vector) {
  checkRefused(vector, operation);
  if (vector.check !== 'size') return;
  try {
    operation(vector);
  } catch (error) {
    deepStrictEqual(error.more, { needed: vector.needed, allowed: vector.allowed });
  }
}

// ---- the accumulated vector ---------------------------------------------------------------------------------

const accumulation = new Accumulation();

function accumulated(vector) {
  strictEqual(hex(accumulation.key), vector.key);
  strictEqual(accumulation.hashOf(vector.count), vector.sha256);
}

function accumulatedSession(vector) {
  seal(vector);
  const drawn = draw(vector.index);
  deepStrictEqual(drawn.context, context(vector));
  deepStrictEqual({ ...drawn.session }, session(vector));
  const rest = { secret: hex(drawn.secret), salt: hex(drawn.salt), ad: hex(drawn.ad), padding: drawn.padding };
  for (const [name, value] of Object.entries(rest)) strictEqual(value, vector[name], name);
}

/** The files, and what runs their groups. */
export const FILES = {
  'root_secret_text.json': {
    RootSecretText: secretText,
    RootSecretTextRefused: (vector) => checkRefused(vector, ({ text: line }) => decodeRootSecret(line)),
  },
  'derivation.json': {
    Derivation: derivation,
    DerivationRefused: (vector) => checkRefused(vector, derivedOrNot),
    Join: join,
  },
  'seal.json': { Seal: seal },
  'open_valid.json': { SealedSessionOpen: openValid },
  'open_invalid.json': { SealedSessionOpenRefused: openRefused },
  'open_order.json': { SealedSessionOpenOrder: openRefused },
  'cookies.json': {
    CookiesFound: (vector) => strictEqual(cookiesFound(vector), vector.token),
    CookiesRefused: (vector) => strictEqual(refusal(() => cookiesFound(vector)), told(vector)),
    CookiesUnclear: (vector) => throws(() => cookiesFound(vector), Unclear),
  },
  'csrf.json': {
    CsrfMade: csrfMade,
    CsrfTaken: csrfTaken,
    CsrfRefused: (vector) => checkRefused(vector, csrfTaken),
  },
  'dbsc.json': {
    DbscOffered: dbscOffered,
    DbscRegistered: dbscRegistered,
    DbscRegistrationRefused: (vector) => checkRefused(vector, dbscRegister),
    DbscRegistrationOrder: (vector) => checkRefused(vector, dbscRegister),
    DbscProven: dbscProven,
    DbscAsked: dbscAsked,
    DbscRefreshRefused: (vector) => checkRefused(vector, dbscRefresh),
    DbscRefreshOrder: (vector) => checkRefused(vector, dbscRefresh),
    DbscBound: dbscBound,
    DbscBoundRefused: dbscBoundRefused,
    DbscCsrf: dbscCsrf,
  },
  'ring.json': {
    RingKeys: ringKeys,
    RingFile: ringFile,
    RingRefused: (vector) => checkRefused(vector, loaded),
  },
  'operations.json': { OperationDone: operationDone, OperationRefused: operationRefused, OperationOrder: operationRefused },
  'accumulated.json': { Accumulated: accumulated, AccumulatedSession: accumulatedSession },
};
