import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite, test, type TestContext } from 'node:test';
import { findGo } from './go.ts';
import { readOptions } from './options.ts';
import { readSummary } from './summary.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** Prints what the suite prints, of as many failed tests as its environment says; and keeps that environment. */
const standIn = `package main

import (
	"fmt"
	"net"
	"os"
)

var Version = "unknown"

func main() {
	connection, err := net.Dial("tcp", os.Getenv("OCI_REGISTRY"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Fprintf(connection, "GET /v2/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
	status := make([]byte, 15)
	connection.Read(status)
	report := fmt.Sprintf("%s %s %s %s", status, os.Getenv("OCI_VERSION"), os.Getenv("OCI_DATA_SPARSE"), os.Getenv("OCI_API_PUSH"))
	os.WriteFile(os.Getenv("OCI_RESULTS_DIR")+"/report", []byte(report), 0o644)
	fmt.Printf("Test results\\nOCI Conformance Test: FAIL\\n  OCI Conformance Test/ping: FAIL\\n   - it is late\\n\\n")
	fmt.Printf("OCI Conformance Result: x\\n  Disabled....: 0\\n  Skip....: 0\\n  Pass....: 3\\n  FAIL....: FAILURES\\n  Error....: 0\\n  Total....: 4\\n\\nAPI conformance:\\n")
}
`;

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-official-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, ...environment },
  });
}

suite('npm run conformance', () => {
  for (const [failures, code] of [
    [0, 0],
    [1, 1],
  ] as const) {
    test(`ends with ${code} when ${failures} tests failed, after a run for each version and target`, async (t) => {
      const go = findGo();
      if ('missing' in go) return t.skip(go.missing);
      const folder = await folderFor(t);
      await mkdir(join(folder, 'conformance'));
      await writeFile(join(folder, 'conformance', 'go.mod'), 'module standin\n\ngo 1.24\n');
      const source = standIn.replace('FAILURES', String(failures));
      await writeFile(join(folder, 'conformance', 'main.go'), source);
      const results = join(folder, 'results');
      const { status, stdout, stderr } = run(['--suite', folder, '--results', results, '--json']);
      assert.equal(status, code, stdout + stderr);
      const names = ['1.1', 'dev', '1.1-sparse', 'dev-sparse', '1.1-agent', 'dev-agent'];
      assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), {
        results: names.map((name) => ({
          name,
          passed: 3,
          failed: failures,
          skipped: 0,
          isPart: name.endsWith('agent'),
        })),
      });
      assert.match(stdout, /OCI Conformance Test\/ping: it is late/);
      assert.deepEqual((await readdir(results)).toSorted(), names.toSorted());
      for (const name of names) {
        const [version, kind] = name.split('-');
        const report = await readFile(join(results, name, 'report'), 'utf8');
        assert.equal(report, `HTTP/1.1 200 OK ${version} ${kind === 'sparse'} ${kind !== 'agent'}`);
      }
    });
  }

  test('says what to do when the named folder holds no suite', async (t) => {
    const go = findGo();
    if ('missing' in go) return t.skip(go.missing);
    const folder = await folderFor(t);
    const { status, stderr } = run(['--suite', folder]);
    assert.equal(status, 2);
    assert.match(stderr, /holds no conformance suite: expected a checkout of https:\/\/github/);
  });

  test('says how to get Go when there is none, or an old one', async (t) => {
    const folder = await folderFor(t);
    const old = join(folder, 'go');
    await writeFile(old, '#!/bin/sh\necho go version go1.19.8 linux/amd64\n');
    await chmod(old, 0o755);
    const none = findGo([join(folder, 'none')]);
    assert.match('missing' in none ? none.missing : '', /^Go is not installed: .*go\.dev\/dl/);
    const tooOld = findGo([old]);
    assert.match(
      'missing' in tooOld ? tooOld.missing : '',
      /is Go 1\.19\.8: the suite needs Go 1\.24/,
    );
    await writeFile(old, '#!/bin/sh\necho go version go1.24rc1 linux/amd64\n');
    assert.deepEqual(findGo([join(folder, 'none'), old]), { program: old, version: '1.24' });
  });

  test('refuses what it does not know', () => {
    assert.throws(() => readOptions(['--version', '1.0']), /must be 1.1 or dev/);
    assert.throws(() => readOptions(['--sweet']));
    assert.deepEqual(readOptions([]).versions, ['1.1', 'dev']);
  });

  test('takes a suite that broke off for no result', () => {
    assert.equal(readSummary('failed to load config\n'), undefined);
  });
});
