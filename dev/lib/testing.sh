# What dev/test and dev/test-slurm-versions share: a directory and ports for the services that tests run against, and
# steps that are shown, kept and counted. Sourced by bash after common.sh; the caller defines take_services_down.
# shellcheck shell=bash

free_ports() { # free_ports COUNT: prints the first of so many ports in a row on which nobody listens
  local base port
  for base in {27000..31900..100}; do
    for ((port = base; port < base + $1; port++)); do
      ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
    done
    echo "$base"
    return
  done
  die "no free ports between 27000 and 32000"
}

# Directory and ports of its own: a developer's services stay as they are.
QD_DEV_DIR=$(mktemp -d /var/tmp/quarterdeck-test.XXXXXX)
QD_DEV_PORT_BASE=$(free_ports 40)
QD_DEV_POSTGRES_PORT=$((QD_DEV_PORT_BASE + 32))
export QD_DEV_DIR QD_DEV_PORT_BASE QD_DEV_POSTGRES_PORT
chmod 755 "$QD_DEV_DIR"
LOG=$QD_DEV_DIR/log
mkdir "$LOG"
RAN=() LEFT_OUT=() STEP=

take_down() {
  local status=$?
  trap - EXIT
  take_services_down
  if [ $status = 0 ]; then
    rm -rf "$QD_DEV_DIR"
    [ ${#LEFT_OUT[@]} = 0 ] || say "LEFT OUT: $(list "${LEFT_OUT[@]}")"
    say "PASSED: $(list "${RAN[@]}")"
  else
    say_what_failed
    say "FAILED; ran before that: $(list "${RAN[@]}"). Logs are kept in $QD_DEV_DIR"
  fi
  exit $status
}
trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- what the tests run against ---------------------------------------------------------------------------------

bring_up_apptainer() {
  if is_root || dev/apptainer find >/dev/null; then
    dev/apptainer image "$QD_DEV_DIR/images/demo.sif" >/dev/null
    QD_TEST_APPTAINER=$(dev/apptainer find)
    export QD_TEST_APPTAINER QD_TEST_IMAGE=$QD_DEV_DIR/images/demo.sif
  else
    LEFT_OUT+=("real Apptainer (not installed: run as root once)")
  fi
}

bring_up_postgres() {
  if is_root || [ -z "$(missing_packages postgresql-15)" ]; then
    QD_TEST_POSTGRES_URL=$(dev/postgres up)
    export QD_TEST_POSTGRES_URL
  else
    LEFT_OUT+=("PostgreSQL (not installed: run as root once)")
  fi
}

# The tests start their own, to kill them. And a client of uploads and a maker of images that nobody here wrote.
install_servers_of_tests() {
  if is_root; then
    need_packages acl openssh-server openssh-client redis-server python3-aiosmtpd python3-tuspy openssl squashfs-tools g++
    return
  fi
  [ -x /usr/sbin/sshd ] || LEFT_OUT+=("nodes over SSH (no openssh-server: run as root once)")
  command -v redis-server >/dev/null || LEFT_OUT+=("Redis (not installed: run as root once)")
  command -v mksquashfs >/dev/null || LEFT_OUT+=("images made by mksquashfs (no squashfs-tools: run as root once)")
  [ -z "$(missing_packages python3-tuspy)" ] || LEFT_OUT+=("tuspy (no python3-tuspy: run as root once)")
  [ -z "$(missing_packages python3-aiosmtpd)" ] || LEFT_OUT+=("mail (no python3-aiosmtpd: run as root once)")
}

# ---- steps ------------------------------------------------------------------------------------------------------

step() { # step NAME COMMAND...
  run "$@"
  RAN+=("$1")
}

run() { # run NAME COMMAND...: shown and kept. Output goes through a pipe, so that no tool waits for a terminal.
  local name=$1 begun=$SECONDS
  shift
  STEP=$name
  say "== $name: $*"
  "$@" </dev/null 2>&1 | tee "$LOG/${name// /-}"
  say "== $name took $((SECONDS - begun)) s"
}

# Once more, at the end: of a long run that is what is looked at, and some who show it show no more.
say_what_failed() {
  local log=$LOG/${STEP// /-}
  [ -n "$STEP" ] && [ -e "$log" ] || return 0
  say "== what failed in $STEP:"
  sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -a -A 12 -E '^ *(FAIL|×) |AssertionError|TimeoutError|panicked at|^error' | tail -40 || true
}

count_rust() { # count_rust NAME WHAT
  # nextest: "Summary [ 1s] 12 tests run: 12 passed"; cargo test, once a crate: "test result: ok. 12 passed; 0 failed".
  count "$1" "$2" 's/.* \([0-9]\+\) passed.*/\1/p' '^ *Summary \|^test result: '
  # nextest: "12 passed (3 slow, 1 flaky)"; see .config/nextest.toml.
  local flaky
  flaky=$(sed 's/\x1b\[[0-9;]*m//g' "$LOG/$1" | sed -n 's/^ *Summary .* \([0-9]\+\) flaky.*/\1/p')
  [ -z "$flaky" ] || RAN+=("$flaky of them at the second try")
}

# A run that found no test at all has not tested anything.
count() { # count NAME WHAT SED-SCRIPT LINES: sums the numbers in a step's log
  local total
  total=$(sed 's/\x1b\[[0-9;]*m//g' "$LOG/$1" | grep -e "$4" | sed -n "$3" | awk '{ sum += $1 } END { print sum + 0 }')
  [ "$total" -gt 0 ] || die "no $2 ran"
  RAN+=("$total $2")
}

list() { # list ITEM...: separated by commas
  local text
  text=$(printf '%s, ' "$@")
  echo "${text%, }"
}
