// Runs every test vector, through sealed_session.mjs, operations.mjs and dbsc.mjs.
//
//   node verify.mjs
//
// Needs nothing but Node's own modules. Prints a line for each file and a line for each mismatch; the exit status
// is 1 if there is any.

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

import { FILES } from './checks.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** What is wrong, or null. */
function runTest(run, vector) {
  try {
    run(vector);
    return null;
  } catch (error) {
    // Of whatever kind: the other vectors are run all the same.
    if (error.code !== 'ERR_ASSERTION') return `${error.name}: ${error.message}`;
    return `expected ${inspect(error.expected)}, got ${inspect(error.actual)}`;
  }
}

function unknown() {
  throw new Error('the type of its group is unknown');
}

function runFile(name) {
  const [started, failures] = [Date.now(), []];
  let passed = 0;
  const document = JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));
  for (const { type, tests, ...shared } of document.testGroups) {
    for (const test of tests) {
      const wrong = runTest(FILES[name][type] ?? unknown, { ...shared, ...test });
      if (wrong === null) passed += 1;
      else failures.push(`MISMATCH ${name} tcId ${test.tcId} (${test.comment}): ${wrong}`);
    }
  }
  if (passed + failures.length !== document.numberOfTests) {
    failures.push(`MISMATCH ${name}: numberOfTests is ${document.numberOfTests}`);
  }
  console.log(`${name}: ${passed} passed, ${failures.length} failed, ${(Date.now() - started) / 1000} s`);
  for (const failure of failures) console.log(failure);
  return { passed, failed: failures.length };
}

function main() {
  const published = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const names = Object.keys(FILES);
  const strangers = [
    ...published.filter((name) => !names.includes(name)),
    ...names.filter((name) => !published.includes(name)),
  ];
  for (const name of strangers) console.log(`MISMATCH ${name}: not published, or not run`);
  const results = names.filter((name) => published.includes(name)).map(runFile);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const failed = sum('failed') + strangers.length;
  console.log(`verify.mjs: ${sum('passed')} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

main();
