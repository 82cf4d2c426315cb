// Makes a checkout ready to run: the packages of package-lock.json, and a Node that runs Docket. `scripts/run` runs it before
// anything else, so it is plain JavaScript for Node 18 and later, needs no package, is quiet when all is well, and leaves
// standard output alone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const bin = join(modules, '.bin');
const lockFile = join(root, 'package-lock.json');
const stamp = join(modules, '.docket-setup');
const guard = join(root, '.work', 'setup.pid');
const needed = [24, 15];

/** Ends with a message for the person at the keyboard. */
function fail(message) {
  process.stderr.write(`docket: ${message}\n`);
  process.exit(1);
}

function readOrUndefined(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What node_modules has to match. */
function wantedStamp() {
  const hash = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/** True when npm itself has put exactly the packages of the lock there, such as by `npm ci`. */
function isInstalledByNpm() {
  const installed = readOrUndefined(join(modules, '.package-lock.json'));
  if (installed === undefined) return false;
  const present = JSON.parse(installed).packages;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (present[path]?.version ?? (optional ? version : undefined)) === version,
  );
}

function isReady() {
  return readOrUndefined(stamp) === wantedStamp();
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Runs `task` while no other setup of this checkout does, in any process. */
function alone(task) {
  mkdirSync(dirname(guard), { recursive: true });
  const deadline = Date.now() + 10 * 60_000;
  for (;;) {
    try {
      writeFileSync(guard, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readOrUndefined(guard));
    // An empty file is one whose writer has not come to the number yet.
    if (holder > 0 && !isAlive(holder)) rmSync(guard, { force: true });
    else if (Date.now() > deadline)
      fail(`another setup does not end; if none runs, remove ${guard}`);
    else pause(200);
  }
  try {
    task();
  } finally {
    rmSync(guard, { force: true });
  }
}

/** The machine's own programs: node_modules/.bin is about to be replaced. */
function environmentWithoutModules() {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  return { ...process.env, PATH: path.join(delimiter) };
}

function install() {
  process.stderr.write('docket: installing packages (once; about 200 MB) …\n');
  const { error, status, stdout, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    env: environmentWithoutModules(),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (error?.code === 'ENOENT') fail('npm is missing; it comes with Node: https://nodejs.org');
  if (status !== 0) fail(`"npm ci" failed:\n${stdout ?? ''}${stderr ?? ''}${error ?? ''}`);
}

/** The version that a program prints, when it runs and Docket runs on it. */
function usableNode(program) {
  const { status, stdout } = spawnSync(program, ['--version'], {
    env: environmentWithoutModules(),
    encoding: 'utf8',
  });
  const [major = 0, minor = 0] =
    /^v(\d+)\.(\d+)/
      .exec(stdout ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  const isNew = major > needed[0] || (major === needed[0] && minor >= needed[1]);
  return status === 0 && isNew;
}

/** After this, `node` in an npm script is one that runs Docket. */
function provideNode() {
  const link = join(bin, 'node');
  if (usableNode(link)) return;
  for (const name of ['node', 'node-arm64']) {
    if (!usableNode(join(modules, name, 'bin', 'node'))) continue;
    mkdirSync(bin, { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(join('..', name, 'bin', 'node'), link);
    return;
  }
  // One that does not run here, say for another C library, would hide the machine's own.
  rmSync(link, { force: true });
  if (usableNode('node')) return;
  fail(
    `Docket needs Node ${needed.join('.')} or later. This machine has ${process.version}, and npm brings none for ` +
      `${process.platform}-${process.arch} that runs here. Install one from https://nodejs.org and run this again.`,
  );
}

if (!isReady()) {
  alone(() => {
    if (isReady()) return;
    if (!isInstalledByNpm()) install();
    provideNode();
    writeFileSync(stamp, wantedStamp());
  });
} else if (!existsSync(join(bin, 'node'))) {
  provideNode();
} else {
  // scripts/run looks only at the times of the two files.
  utimesSync(stamp, new Date(), new Date());
}
