#!/bin/sh
# Makes a clone ready on a Debian machine with any Node >= 20: node packages as locked, built pages and, as root, the real peers.
#   sh test/setup.sh start    what the demonstration needs (npm start): without X's packages it has no panel to look at, and says so
#   sh test/setup.sh test     what the tests need (npm test)
# Does nothing, within a moment, when nothing is missing. Without root it names the one line to run; a peer that is still missing then
# is a failure with CI=true or for `start`, else a loud list (and the tests that need it fail by themselves).
set -eu
cd "$(dirname "$0")/.."

# command:package
startPeers="sshd:openssh-server ssh:openssh-client oathtool:oathtool openssl:openssl setpriv:util-linux"
# The press's operator panel (57 MB), and its remote desktop (41 MB more: the edge's client, and the device that it reaches).
screenPeers="Xvnc:tigervnc-standalone-server vncpasswd:tigervnc-tools wish:tk xauth:xauth"
desktopPeers="xfreerdp:freerdp2-x11 xdotool:xdotool freerdp-shadow-cli:freerdp2-shadow-x11 winpr-hash:winpr-utils"
testPeers="$startPeers $screenPeers $desktopPeers rsync:rsync mbpoll:mbpoll socat:socat ps:procps chromium:chromium
  ssh-audit:ssh-audit lighttpd:lighttpd curl:curl aiosmtpd:python3-aiosmtpd x11vnc:x11vnc xrdp:xrdp xclip:xclip xdpyinfo:x11-utils
  xrandr:x11-xserver-utils import:imagemagick"

say() { printf 'setup: %s\n' "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

case ${1-} in
  start) peers="$startPeers $screenPeers" ;;
  test) peers=$testPeers ;;
  *) fail "\"${1-}\" is not start or test" ;;
esac

# The packages of those peers whose command is not there. Daemons live outside a common user's PATH.
missingPackages() {
  for peer in $peers; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${peer%%:*}" >/dev/null 2>&1 || printf '%s ' "${peer#*:}"
  done
}

# npm must not run by the Node that it is about to replace: npm scripts put node_modules/.bin first.
pathWithoutProject() {
  printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/\.bin$' | grep -v '/node-gyp-bin$' | tr '\n' :
}

# No package of ours needs an install script, and two of them would compile for a minute in vain (ssh2 runs on its JavaScript part).
installNodePackages() {
  mark=node_modules/.package-lock.json
  [ -f "$mark" ] && [ -z "$(find package-lock.json -newer "$mark")" ] && return
  say "installing the node packages (Node 26 among them, about 300 MB, once)"
  PATH=$(pathWithoutProject) npm ci --ignore-scripts --include=dev --include=optional --no-audit --no-fund ||
    fail "npm ci failed: see above, then start again"
  touch "$mark"
}

# Peers are started by the tests alone: a policy keeps Debian from starting an installed daemon now, and none is left enabled for the next boot.
installPeers() {
  say "installing the Debian packages: $*"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
    trap 'exit 1' HUP INT TERM
  fi
  export DEBIAN_FRONTEND=noninteractive
  lock="-o DPkg::Lock::Timeout=300"
  # shellcheck disable=SC2086
  apt-get $lock -q update && apt-get $lock -q install -y --no-install-recommends "$@" || return
  command -v systemctl >/dev/null || return 0
  case " $* " in *" openssh-server "*) systemctl disable --quiet ssh.service || true ;; esac
  case " $* " in *" lighttpd "*) systemctl disable --quiet lighttpd.service || true ;; esac
  case " $* " in *" xrdp "*) systemctl disable --quiet xrdp.service xrdp-sesman.service || true ;; esac
}

# Whether a page is not built yet, or something that it is made of is newer.
isStale() {
  built=broker/$1/dist/index.html
  [ ! -f "$built" ] || [ -n "$(find "broker/$1" shared broker/build-pages.ts package-lock.json \
    -name 'dist*' -prune -o -type f -newer "$built" -print -quit)" ]
}

buildPages() {
  if ! isStale signing && ! isStale portal; then return; fi
  say "building the pages"
  node_modules/.bin/node broker/build-pages.ts || fail "the pages could not be built: see above"
}

installNodePackages
buildPages

missing=$(missingPackages)
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  # shellcheck disable=SC2086
  installPeers $missing || say "apt-get failed: see above" >&2
  missing=$(missingPackages)
fi
if [ "$1" = start ] && [ -n "$missing" ]; then
  # What the demonstration can do without is told in a line.
  peers=$screenPeers && screens=$(missingPackages)
  peers=$startPeers && missing=$(missingPackages)
  [ -z "$screens" ] || say "no panel to look at; to have it: sudo apt-get install -y --no-install-recommends $screens"
fi
if [ -n "$missing" ]; then
  say "MISSING: $missing" >&2
  say "run: sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
  if [ "$1" = start ] || [ "${CI-}" = true ]; then exit 1; fi
  say "going on without; every test that needs one of them will fail" >&2
fi
if [ "$1" = start ]; then
  peers=$desktopPeers && desktops=$(missingPackages)
  [ -z "$desktops" ] || say "no remote desktop; to have it: sudo apt-get install -y --no-install-recommends $desktops"
fi
if [ "$1" = start ] && ! command -v mbpoll >/dev/null; then
  say "to read the demonstration's Modbus device, too: sudo apt-get install -y mbpoll"
fi
