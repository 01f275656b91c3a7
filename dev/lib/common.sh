# What the scripts in dev/ share: packages, and daemons that are started and stopped without systemd.
# Sourced by bash, with `set -euo pipefail` already in force.
# shellcheck shell=bash

die() { echo "${0##*/}: $*" >&2; exit 1; }
say() { echo "${0##*/}: $*" >&2; }
is_root() { [ "$(id -u)" = 0 ]; }

# Where everything that is started here keeps its files. Not inside the repository: alice, bob, slurm and quarterdeck
# have to reach it too, and a checkout often lies in a directory closed to others.
# Each ordinary user has one of her own.
DEV_DIR=${QD_DEV_DIR:-/var/tmp/quarterdeck-dev$(is_root || echo "-$(id -un)")}

make_dev_dir() {
  mkdir -p "$DEV_DIR"
  # A directory below /var/tmp that someone else made beforehand would be hers to fill.
  [ -O "$DEV_DIR" ] || die "$DEV_DIR belongs to someone else: set QD_DEV_DIR to a directory of your own"
  chmod 755 "$DEV_DIR"
}

missing_packages() { # missing_packages NAME...: prints those that are not installed
  local name
  for name; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
  done
}

need_packages() { # need_packages NAME...: installs those that are missing; as an ordinary user says which they are
  local missing policy=/usr/sbin/policy-rc.d made_policy=""
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  is_root || die "not installed: ${missing[*]}. Run this as root, or: apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  # 101 means "not allowed": it keeps packages from starting daemons of their own on the real ports.
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    made_policy=1
  fi
  apt_install "${missing[@]}" || { apt-get update -qq >&2 && apt_install "${missing[@]}"; } \
    || { [ -z "$made_policy" ] || rm -f $policy; die "apt-get could not install ${missing[*]}"; }
  [ -z "$made_policy" ] || rm -f $policy
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2 </dev/null
}

# ---- daemons: each in a session of its own, known by pid and start time -----------------------------------------
# The caller sets RUN_DIR, which holds pids/ and log/.

start_time() { # start_time PID: in clock ticks since boot; together with the pid it names a process for good
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  read -ra stat <<<"${stat##*) }"
  [ "${stat[0]}" != Z ] || return 1
  echo "${stat[19]}"
}

pid_of() { # pid_of NAME: the recorded daemon's pid, if it still runs
  local pid started
  read -r pid started 2>/dev/null <"$RUN_DIR/pids/$1" || return 1
  [ "$(start_time "$pid")" = "$started" ] || return 1
  echo "$pid"
}

start() { # start NAME COMMAND...: unless it runs already
  local name=$1 pid
  shift
  pid_of "$name" >/dev/null && return 0
  setsid "$@" >>"$RUN_DIR/log/$name.out" 2>&1 </dev/null &
  pid=$!
  echo "$pid $(start_time "$pid")" >"$RUN_DIR/pids/$name"
}

stop() { # stop SECONDS NAME...: TERM, and KILL for what is left after SECONDS; returns when they are gone
  local limit=$((SECONDS + $1)) name pid
  shift
  for name; do
    if pid=$(pid_of "$name"); then kill -TERM "$pid" || true; fi
  done
  for name; do
    while pid=$(pid_of "$name"); do
      if [ $SECONDS -ge $limit ]; then
        say "$name (pid $pid) did not heed TERM"
        kill -KILL "$pid" || true
      fi
      sleep 0.05
    done
    rm -f "$RUN_DIR/pids/$name"
  done
}

await() { # await WHAT SECONDS COMMAND...: until COMMAND succeeds
  local what=$1 limit=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $limit ] || {
      tail -n 8 "$RUN_DIR"/log/* >&2
      die "$what did not come up: see $RUN_DIR/log"
    }
    sleep 0.1
  done
}

new_secret() { # new_secret FILE BYTES OWNER: random bytes, kept once made
  [ -s "$1" ] || (umask 077 && head -c "$2" /dev/urandom >"$1")
  chown "$3" "$1"
}
