// Device-bound sessions (docs/device-bound-spec.md): what a server seals, and what it refuses. Written from the
// specification alone, as sealed_session.mjs is, and a test tool like it.
//
//   node dbsc.mjs   checks the known answers of that document, exit status 1 on a mismatch

import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Pairs, parsePairs } from './json_text.mjs';
import {
  Refused, decodeBase64url, decodeUtf8, deriveCsrfToken, deriveKeyId, derivePrk, deriveSealingKey, encodeBase64url,
  encodeRecord, encodeRootSecret, joinAssociatedData, minimum, openToken, ringFromFile, saturatingAdd, seal,
} from './sealed_session.mjs';

const MAX_JWT = 4096;
const MAX_DEPTH = 64;
const SIGNATURE_BYTES = 64;
const BOUND = ';dbsc-bound';
const PROOF = ';dbsc-proof';
const CHALLENGE = ';dbsc-challenge';
const IDENTIFIER = ';dbsc-identifier';

/** The session ends; or, by the outcome `transient`, this server cannot tell now. */
export class Ends extends Error {
  constructor(check, outcome = 'ends') {
    super(`${outcome}: ${check}`);
    this.name = 'Ends';
    this.outcome = outcome;
    this.check = check;
  }
}

/** A challenge that the device may exchange for another one; `check` says what is wrong with it. */
export class Over extends Error {
  constructor(check) {
    super(check);
    this.name = 'Over';
    this.check = check;
  }
}

/** What stands in a header, without the one pair of quotation marks that it may stand in. */
export const unquoted = (value) => /^"(.*)"$/s.exec(value)?.[1] ?? value;

export const bindingOf = (identifier) => createHash('sha256').update(identifier).digest();

// ---- JSON ---------------------------------------------------------------------------------------------------

/** Half of a surrogate pair is no text. */
const isText = (value) => typeof value === 'string' && value.isWellFormed();
const isTextOrNothing = (value) => value === undefined || value === null || isText(value);

/** How many objects and arrays are open at once. */
function depthOf(text) {
  let [depth, deepest] = [0, 0];
  for (const mark of text.replace(/"(?:[^"\\]|\\.)*"/gs, '').match(/[[\]{}]/g) ?? []) {
    depth += '[{'.includes(mark) ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Those members of one JSON object that count, in a Map. */
function membersOf(octets, known, check) {
  let value;
  try {
    const text = decodeUtf8(octets);
    if (depthOf(text) > MAX_DEPTH) throw new SyntaxError('nested too deeply');
    value = parsePairs(text);
  } catch {
    throw new Ends(check);
  }
  return knownOf(value, known, check);
}

function knownOf(value, known, check) {
  if (!(value instanceof Pairs)) throw new Ends(check);
  if (![...value].every(([name]) => isText(name))) throw new Ends(check);
  const pairs = [...value].filter(([name]) => known.includes(name));
  const found = new Map(pairs);
  if (found.size !== pairs.length) throw new Ends(check);
  return found;
}

// ---- JWT ----------------------------------------------------------------------------------------------------

function split(value) {
  const text = unquoted(value);
  if (Buffer.byteLength(text) > MAX_JWT) throw new Ends('length');
  const parts = text.split('.');
  if (parts.length !== 3) throw new Ends('parts');
  const [header, payload, signature] = parts.map((part) => decodeBase64url(part));
  if ([header, payload, signature].includes(null)) throw new Ends('base64');
  const signed = Buffer.from(text.slice(0, text.lastIndexOf('.')));
  return { signed, header: headerOf(header), payload, signature };
}

function headerOf(octets) {
  const header = membersOf(octets, ['typ', 'alg', 'crit', 'jwk'], 'header_json');
  if (!['typ', 'alg'].every((name) => isTextOrNothing(header.get(name)))) throw new Ends('header_json');
  if (header.get('typ') !== 'dbsc+jwt') throw new Ends('typ');
  if (header.get('alg') !== 'ES256') throw new Ends('alg');
  if (header.has('crit')) throw new Ends('crit');
  return header;
}

/** The coordinates of a jwk. */
function coordinatesOf(jwk) {
  const names = ['kty', 'crv', 'x', 'y'];
  const found = knownOf(jwk, names, 'jwk_json');
  if (!names.every((name) => isText(found.get(name)))) throw new Ends('jwk_json');
  if (found.get('kty') !== 'EC') throw new Ends('kty');
  if (found.get('crv') !== 'P-256') throw new Ends('crv');
  const [x, y] = ['x', 'y'].map((name) => decodeBase64url(found.get(name)));
  if (x?.length !== 32 || y?.length !== 32) throw new Ends('coordinates');
  return { x, y };
}

function publicKey({ x, y }) {
  const jwk = { kty: 'EC', crv: 'P-256', x: encodeBase64url(x), y: encodeBase64url(y) };
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw new Ends('off_curve');
  }
}

/** The jti, once the signature is known to be the key's. */
function challengeOf({ signed, signature, payload }, key) {
  if (signature.length !== SIGNATURE_BYTES) throw new Ends('signature_length');
  if (!verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)) throw new Ends('signature');
  const jti = membersOf(payload, ['jti'], 'payload_json').get('jti');
  if (!isTextOrNothing(jti)) throw new Ends('payload_json');
  if (!isText(jti)) throw new Ends('jti_missing');
  return jti;
}

// ---- the data of the texts ----------------------------------------------------------------------------------

/** values: a list of names and bytes. */
function dataOf(values) {
  return `{${values.map(([name, octets]) => `"${name}":"${encodeBase64url(octets)}"`).join(',')}}`;
}

/** The bytes by name, if the data is what dataOf writes for values of these lengths. */
function valuesOf(data, lengths) {
  let members;
  try {
    members = [...parsePairs(data)];
  } catch {
    return null;
  }
  const values = members.map(([name, text]) => [name, isText(text) ? decodeBase64url(text) : null]);
  const fits = ([name, octets], i) => name === lengths[i]?.[0] && octets?.length === lengths[i][1];
  if (values.length !== lengths.length || !values.every(fits)) return null;
  return dataOf(values) === data ? Object.fromEntries(values) : null;
}

/** What is over by this server's settings alone ends all the same. */
const outcomeOf = ({ check, transient }) => (transient && check !== 'expired' ? 'transient' : 'ends');

// ---- the server ---------------------------------------------------------------------------------------------

export class Server {
  constructor(settings) {
    Object.assign(this, settings);
  }

  keys(suffix) {
    return this.ring.keysAt(this.now, this.leeway, `${this.name}${suffix}`, this.app);
  }

  open(suffix, token, ad) {
    const { now, leeway, maxLifetime } = this;
    const maxTtl = this.longest(suffix);
    const coming = this.ring.comingIds(now, leeway, `${this.name}${suffix}`, this.app);
    return openToken({ token, keys: this.keys(suffix), coming, ad, now, leeway, maxLifetime, maxTtl });
  }

  /** The maximum TTL of a text: its own. */
  longest(suffix) {
    const { proof, identifier, challenge, registration } = this.ttls;
    const own = {
      [PROOF]: proof,
      [IDENTIFIER]: identifier,
      [CHALLENGE]: challenge > registration ? challenge : registration,
    };
    return own[suffix];
  }

  /** A text whose data has one of these shapes: lists of names and lengths. */
  openData(suffix, token, shapes) {
    const session = this.open(suffix, token);
    const values = shapes.map((shape) => valuesOf(session.data, shape)).find((found) => found !== null);
    if (values === undefined) throw new Refused('record_data');
    return { session, values };
  }

  draw(length) {
    const drawn = this.random.subarray(0, length);
    this.random = this.random.subarray(length);
    if (drawn.length !== length) throw new Error('too little was drawn');
    return drawn;
  }

  /** Draws the uid, then the salt. */
  seal(suffix, ttl, values, user = null) {
    const [uid, salt, { now, maxLifetime }] = [this.draw(16), this.draw(24), this];
    const expires = minimum(saturatingAdd(now, ttl), saturatingAdd(now, maxLifetime));
    const session = { created: now, renewed: now, expires, uid, user, data: dataOf(values) };
    const { sealingKey } = [...this.keys(suffix).values()].find(({ state }) => state === 'sealing');
    return seal({ sealingKey, session, salt, pad: suffix === IDENTIFIER ? this.padding : 0 });
  }

  offer(login) {
    return this.seal(CHALLENGE, this.ttls.registration, [['register', login]]);
  }

  ask(binding) {
    return this.seal(CHALLENGE, this.ttls.challenge, [['refresh', binding]]);
  }

  prove(binding) {
    return this.seal(PROOF, this.ttls.proof, [['dbsc', binding]]);
  }

  identifier({ x, y }, user) {
    return this.seal(IDENTIFIER, this.ttls.identifier, [['x', x], ['y', y]], user);
  }

  /** The coordinates of the key that signed. */
  register(text, login) {
    const jwt = split(text);
    if (!jwt.header.has('jwk')) throw new Ends('jwk_missing');
    const key = coordinatesOf(jwt.header.get('jwk'));
    const jti = challengeOf(jwt, publicKey(key));
    try {
      this.checkChallenge(jti, 'register', login);
    } catch (error) {
      if (!(error instanceof Over)) throw error;
      throw new Ends(error.check === 'expired' ? 'challenge_expired' : 'challenge');
    }
    this.checkSeals();
    return key;
  }

  /** Whether what is to be made can be made now. */
  checkSeals() {
    const states = [...this.keys('').values()].map(({ state }) => state);
    if (!states.includes('sealing')) throw new Ends('not_sealed', 'transient');
  }

  /** The record of the device. Throws Over where a challenge is the answer. */
  refresh(value, text) {
    const identifier = unquoted(value);
    const { session, values } = this.identify(identifier);
    try {
      this.checkProof(identifier, text, values);
    } catch (error) {
      if (error instanceof Over) this.checkSeals();
      throw error;
    }
    this.checkSeals();
    return session;
  }

  checkProof(identifier, text, values) {
    if (text === null) throw new Over('no proof');
    const jwt = split(text);
    if (jwt.header.has('jwk')) throw new Ends('jwk_present');
    this.checkChallenge(challengeOf(jwt, publicKey(values)), 'refresh', bindingOf(identifier));
  }

  identify(identifier) {
    try {
      return this.openData(IDENTIFIER, identifier, [[['x', 32], ['y', 32]]]);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      throw new Ends(error.check === 'expired' ? 'identifier_expired' : 'identifier', outcomeOf(error));
    }
  }

  checkChallenge(jti, kind, whose) {
    const values = this.challenge(jti);
    if (values[kind] === undefined) throw new Ends('challenge_kind');
    if (!values[kind].equals(whose)) throw new Ends('challenge_of_another');
  }

  challenge(jti) {
    try {
      return this.openData(CHALLENGE, jti, [[['register', 16]], [['refresh', 32]]]).values;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.check === 'expired' || (error.check === 'key_id' && this.wasOurs(jti))) throw new Over(error.check);
      throw new Ends('challenge', outcomeOf(error));
    }
  }

  /** Whether the key of a token is in the ring, revoked or gone. */
  wasOurs(token) {
    const key = this.keys(CHALLENGE).get(decodeBase64url(token).subarray(1, 17).toString('hex'));
    return key !== undefined;
  }

  /** Of a session, bound or not: by the key of the unbound one's name. */
  csrfToken(salt, uid) {
    const { sealingKey } = [...this.keys('').values()].find(({ state }) => state === 'sealing');
    return deriveCsrfToken(sealingKey, salt, uid);
  }

  /** What is refused names the text that it is `of`. */
  openBound(proof, token, ad) {
    const of = (what, call) => {
      try {
        return call();
      } catch (error) {
        throw Object.assign(error, { of: what });
      }
    };
    const { values } = of('proof', () => this.openData(PROOF, proof, [[['dbsc', 32]]]));
    return of('session', () => this.open(BOUND, token, joinAssociatedData([ad, values.dbsc])));
  }
}

// ---- self test ----------------------------------------------------------------------------------------------

const DOCUMENT = new URL('../../docs/device-bound-spec.md', import.meta.url);
const COLUMN = 15; // where a value begins
const DAY = 86_400_000n;
const TTLS = { proof: 600_000n, challenge: 1_200_000n, registration: 60_000n, identifier: 30n * DAY };
const unhex = (text) => Buffer.from(text, 'hex');

/** The values of each subsection of section 10, by its name. */
function knownAnswers() {
  const [, answers] = readFileSync(DOCUMENT, 'utf8').split('\n## 10. Known answers\n');
  const known = answers.split(/\n### 10\.\d+ /).slice(1).map((part) => {
    const lines = part.split('```\n')[1].trimEnd().split('\n');
    const values = lines.map((line) => [line.slice(0, COLUMN).trimEnd(), line.slice(COLUMN)]);
    return [part.slice(0, part.indexOf('\n')), Object.fromEntries(values)];
  });
  return Object.fromEntries(known);
}

class Tally {
  passed = 0;
  failed = 0;

  equal(what, got, want) {
    if (got === want) {
      this.passed += 1;
      return;
    }
    this.failed += 1;
    console.log(`MISMATCH ${what}\n  got  ${got}\n  want ${want}`);
  }
}

/** Those that are sealed. */
function testTexts(tally, known) {
  const prk = derivePrk(unhex(known.Keys['root secret']));
  for (const [title, answer] of Object.entries(known)) {
    if (answer.token === undefined) continue;
    const sealingKey = deriveSealingKey(prk, { app: known.Keys.app, name: answer.name, periodS: 0n, epoch: 0n });
    const [created, renewed, expires] = ['created', 'renewed', 'expires'].map((name) => BigInt(answer[name]));
    const user = answer['user id'] === '(anonymous)' ? null : answer['user id'];
    const session = { created, renewed, expires, uid: unhex(answer.uid), user, data: answer.data };
    const token = seal({ sealingKey, session, salt: unhex(answer.salt), ad: unhex(answer['assoc. data']) });
    tally.equal(`${title}: sealing key`, sealingKey.toString('hex'), answer['sealing key']);
    tally.equal(`${title}: key id`, deriveKeyId(sealingKey).toString('hex'), answer['key id']);
    tally.equal(`${title}: record`, encodeRecord(session).toString('hex'), answer.record);
    tally.equal(`${title}: token`, token, answer.token);
  }
}

/** A server at this time that draws what these answers draw. */
function serverOf({ Keys: keys }, now, ...answers) {
  const secret = encodeRootSecret(unhex(keys['root secret']));
  const root = { secret, period_s: 0n, activate_at: '1970-01-01T00:00:00Z', retire_at: null, revoked: false };
  const ring = ringFromFile({ format: 'sealed-session-ring/1', keys: [root] });
  const random = Buffer.concat(answers.flatMap(({ uid, salt }) => [unhex(uid), unhex(salt)]));
  const limits = { leeway: 60_000n, maxLifetime: 30n * DAY, ttls: TTLS, padding: 0 };
  return new Server({ ring, app: keys.app, name: keys.name, now: BigInt(now), random, ...limits });
}

/** What a server makes of what the device signs. */
function testSteps(tally, known) {
  const login = unhex(known['Bound session'].uid);
  const { Identifier: identifier, Proof: proof, Keys: keys } = known;
  const [offered, challenge] = [known['Challenge at a registration'], known['Challenge for a refresh']];
  tally.equal('offered', serverOf(known, offered.created, offered).offer(login), offered.token);
  const server = serverOf(known, identifier.created, identifier, proof, challenge);
  const key = server.register(known['JWT of the registration'].jwt, login);
  tally.equal('x', key.x.toString('hex'), keys.x);
  tally.equal('y', key.y.toString('hex'), keys.y);
  const made = server.identifier(key, identifier['user id']);
  const binding = bindingOf(made);
  tally.equal('identifier', made, identifier.token);
  tally.equal('binding', binding.toString('hex'), identifier.binding);
  tally.equal('proof', server.prove(binding), proof.token);
  tally.equal('challenge', server.ask(binding), challenge.token);
  const later = serverOf(known, BigInt(challenge.expires) - 1n);
  const refreshed = later.refresh(made, known['JWT of a refresh'].jwt);
  tally.equal('refreshed', refreshed.uid.toString('hex'), identifier.uid);
}

function testBound(tally, known) {
  const { Proof: proof, Identifier: identifier, 'Bound session': bound, 'CSRF token': csrf } = known;
  const [server, pending] = [serverOf(known, proof.created), known['Pending bound session']];
  const ad = Buffer.from('tenant-7');
  tally.equal('bound', server.openBound(proof.token, bound.token, ad).data, bound.data);
  const ofPending = joinAssociatedData([ad, unhex(identifier.binding), Buffer.from('pending')]);
  tally.equal('pending', server.open(BOUND, pending.token, ofPending).data, pending.data);
  tally.equal('CSRF token', server.csrfToken(unhex(csrf.salt), unhex(csrf.uid)), csrf['csrf token']);
}

function testNames(tally, known) {
  const answer = known['Names in a list of revoked sessions'];
  for (const name of ['moved device', 'unbound form', 'left device', 'given form']) {
    const hash = createHash('sha256').update(`sealed-session/v1 ${name}`);
    const got = hash.update(unhex(name.endsWith('device') ? answer.binding : answer.uid)).digest().subarray(0, 16);
    if (name === 'given form') got.write('till');
    tally.equal(name, got.toString('hex'), answer[name]);
  }
}

function selfTest() {
  const [tally, known] = [new Tally(), knownAnswers()];
  for (const test of [testTexts, testSteps, testBound, testNames]) test(tally, known);
  console.log(`dbsc.mjs: ${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}

/** False when imported; real paths, because the command may name a symbolic link. */
function isMain() {
  try {
    return realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url));
  } catch {
    return false;
  }
}

if (isMain()) selfTest();
