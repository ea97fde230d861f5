# Sourced by the scripts beside it: where things are, and how to say what takes long.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
NODE_DIR=$ROOT/build/tools/node   # a Node.js of our own, where the machine's is missing or too old
LOG_DIR=$ROOT/build/logs
mkdir -p "$LOG_DIR"
[ -x "$NODE_DIR/bin/node" ] && export PATH=$NODE_DIR/bin:$PATH

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# quietly NAME COMMAND…: the output goes to build/logs/NAME.log; after two seconds it is said what is being done, and at a
# failure the end of the log is shown and the script ends. Not to be called where a failure is handled (`||`, `if`): bash then
# ignores "set -e" within the command as well, which would go on behind its first failure.
quietly() {
  local name=$1 log=$LOG_DIR/${1//[^a-zA-Z0-9]/-}.log began=$SECONDS notice status=0
  shift
  ( exec >/dev/null; trap 'kill "$nap" 2>/dev/null; exit' TERM; sleep 2 & nap=$!; wait "$nap"; say "… $name (log: ${log#"$ROOT"/})" ) &
  notice=$!
  set +e
  ( set -e; "$@" ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  kill "$notice" 2>/dev/null && wait "$notice" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    say "error: $name failed (exit code $status); the end of ${log#"$ROOT"/}:"
    tail -n 30 "$log" >&2
    return "$status"
  fi
  [ $((SECONDS - began)) -lt 3 ] || say "  $name: done in $((SECONDS - began)) s"
}

# fingerprint FILE…|-: one line that changes with the content of the files, or of standard input.
fingerprint() { cat "$@" | sha256sum | cut -c1-32; }

# Runs the command unless STAMP already holds KEY, then writes it: unless_done STAMP KEY NAME COMMAND…
unless_done() {
  local stamp=$1 key=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
  quietly "$@"
  mkdir -p "$(dirname "$stamp")"
  printf '%s\n' "$key" > "$stamp"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -E "$@"
  else die "packages must be installed: run this as root, or install sudo"
  fi
}
