import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const bin = resolve(process.env.ASSETD_BIN_DIR ?? join(import.meta.dirname, "../../build/release/bin"));

// Steps wait for the test at named pipes, never for time.
const definitions = `name: browser
pools: {one: {slots: 1}}
assets:
  - {key: raw_events, group: raw, kinds: [shell], description: Events as they came, run: {plugin: exec, command: [sh, -c, "echo loading; cat gate_raw > /dev/null; echo loaded"]}}
  - {key: clean_events, group: silver, kinds: [shell], deps: [raw_events], run: {plugin: exec, command: [echo, cleaned]}}
  - {key: report, group: gold, kinds: [shell], owners: ["team:growth"], tags: {domain: growth}, deps: [clean_events], run: {plugin: exec, command: [echo, reported]}}
  - {key: talker, group: live, kinds: [shell], run: {plugin: exec, command: [sh, -c, "printf '\\\\033[32mfirst line\\\\033[0m\\\\n'; cat gate_talker > /dev/null; echo last line"]}}
  - {key: sleeper, group: live, kinds: [shell], run: {plugin: exec, command: [sh, -c, "echo asleep; cat gate_sleeper"], grace: 1s}}
  - {key: flaky, group: risk, kinds: [shell], run: {plugin: exec, command: [sh, -c, "if test -e broken; then echo the disk is on fire >&2; exit 3; fi; echo all good"]}}
  - {key: after_flaky, group: risk, kinds: [shell], deps: [flaky], run: {plugin: exec, command: [echo, fine]}}
  - {key: chatty, group: logs, kinds: [shell], run: {plugin: exec, command: [sh, -c, "for i in 1 2 3; do echo 12:00:0$i INFO tick $i; done; echo 12:00:04 WARNING slow; echo plain; echo 12:00:05 ERROR broken pipe"]}}
  - {key: queued, group: logs, kinds: [shell], pools: {one: 1}, run: {plugin: exec, command: [sh, -c, "cat gate_queued"]}}
  - {key: behind, group: logs, kinds: [shell], pools: {one: 1}, run: {plugin: exec, command: [echo, through]}}
jobs:
  - {name: nightly, select: "report"}
schedules:
  - {name: nightly, job: nightly, cron: "0 2 * * *", timezone: Europe/London}
`;

/** Starts assetd on a project of its own, by default the one above, in a directory that `stop` removes. */
export const startDaemon = (yaml = definitions) => startIn((directory) => writeFile(join(directory, "assetd.yaml"), yaml));

/** Starts assetd on a copy of one of the examples. What was made there is not copied; its virtual environment knows where it stands and is linked. */
export const startExample = (name, env = {}) => startIn(async (directory) => {
  const example = join(import.meta.dirname, "../../examples", name), venv = join(example, ".venv");
  const made = (file) => file === venv || file === join(example, ".assetd") || (file.startsWith(join(example, "data/")) && !file.endsWith(".gitkeep"));
  await cp(example, directory, { recursive: true, filter: (file) => !made(file) });
  if (existsSync(venv)) await symlink(venv, join(directory, ".venv"));
}, env);

async function startIn(fill, env = {}) {
  const directory = await mkdtemp(join(tmpdir(), "assetd-project-"));
  await fill(directory);
  for (const gate of ["gate_raw", "gate_talker", "gate_sleeper", "gate_queued"]) execFileSync("mkfifo", [join(directory, gate)]);
  const child = spawn(join(bin, "assetd"), ["--project", directory, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const output = [];
  child.stderr.on("data", (chunk) => output.push(chunk.toString()));
  const url = await listening(child, output);
  const stop = async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await ended;
    await stopSupervisor(directory);
    await endSteps(directory);
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  };
  return { url, directory, stop, open: (gate) => writeFile(join(directory, gate), "go\n"), api: (path, body) => call(url, path, body) };
}

/** A supervisor outlives its daemon on purpose; the one of this project ends with its test. */
async function stopSupervisor(directory) {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes("assetd-supervisor") && command.includes(`${directory}/`)) end(pid, "SIGTERM");
  }
}

/** Steps that still wait at a gate: no supervisor ends before they do. */
async function endSteps(directory) {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)))
    if ((await readlink(`/proc/${pid}/cwd`).catch(() => "")) === directory) end(pid, "SIGKILL");
}

function end(pid, signal) {
  try {
    process.kill(Number(pid), signal);
  } catch {
    // it has just ended
  }
}

async function listening(child, output) {
  const lines = createInterface({ input: child.stdout });
  return new Promise((found, failed) => {
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`assetd ended with ${code}: ${output.join("")}`)));
    lines.on("line", (line) => {
      const match = /listening on (http:\S+)/.exec(line);
      if (match) found(match[1]);
    });
  });
}

async function call(url, path, body) {
  const response = await fetch(`${url}/api/v1${path}`, body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
