// What a request brings in its cookies: SPEC.md, section 11. Written from it alone, as sealed_session.mjs is.

import { Refused } from './sealed_session.mjs';

const MOST = 4;

/** There is no telling which session is meant. */
export class Unclear extends Error {}

const withoutBlanks = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');

/** The values of the cookies of this name, in their order. */
function valuesOf(headers, name) {
  const pairs = headers.flatMap((header) => header.split(';')).filter((pair) => pair.includes('='));
  const cut = (pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)].map(withoutBlanks);
  return pairs.map(cut).filter(([known]) => known === name).map(([, value]) => value);
}

function tokensOf(headers, name, inTwo) {
  const firsts = valuesOf(headers, name);
  if (!inTwo) return firsts;
  const given = valuesOf(headers, `${name}.1`);
  const seconds = given.length === 0 ? [''] : given;
  const join = (value) => (value.startsWith('2.') ? seconds.map((second) => value.slice(2) + second) : [value]);
  return firsts.flatMap(join);
}

function rank({ transient, outcome }) {
  if (transient) return 0;
  return outcome === 'not_found' ? 1 : 2;
}

/** The session or the refusal of a token, with the token. */
function tried(token, open) {
  try {
    return { token, session: open(token) };
  } catch (refused) {
    if (refused instanceof Refused) return { token, refused };
    throw refused;
  }
}

/** The token that counts, or null without a cookie of the name. `open` gives the session of a token, or refuses. */
export function find(headers, name, inTwo, open) {
  const tokens = tokensOf(headers, name, inTwo);
  if (tokens.length > MOST) throw new Unclear();
  const all = tokens.map((token) => tried(token, open));
  const opened = all.filter(({ session }) => session !== undefined);
  if (new Set(opened.map(({ session }) => session.uid.toString('hex'))).size > 1) throw new Unclear();
  // Sorting is stable: of several the first stays first.
  const newest = opened.sort((a, b) => Number(b.session.renewed - a.session.renewed))[0];
  if (newest !== undefined) return newest.token;
  const [worst] = all.map(({ refused }) => refused).sort((a, b) => rank(a) - rank(b));
  if (worst !== undefined) throw worst;
  return null;
}
