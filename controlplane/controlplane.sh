#!/usr/bin/env bash
# A real Kubernetes control plane with fake nodes, on loopback, for end-to-end tests.
#
#   controlplane.sh up       start everything, print "export KUBECONFIG=..."
#   controlplane.sh nodes    only kwok with its fake nodes, for the cluster of $KUBECONFIG; its own nodes take no more pods
#   controlplane.sh down     end what `up` or `nodes` started (by pid) and remove the data
#   controlplane.sh status   one line per component
#   controlplane.sh stop PART    stop one part by pid, and keep its data
#   controlplane.sh start PART   start etcd or kube-apiserver again after `stop`
#
# Environment:
#   KUBE_BIN   folder with etcd (3.5.8 or newer), kube-apiserver and what CP_PARTS names; else looked for on PATH
#   CP_PARTS   what runs beside etcd and kube-apiserver (default: kube-controller-manager kube-scheduler kwok)
#   KUBECTL    kubectl for kwok's nodes (default: the one on PATH)
#   CP_DIR     state folder      (default: ${TMPDIR:-/tmp}/sluice-controlplane-$UID)
#   CP_DATA    etcd's data       (default: a folder on /dev/shm where there is one, else CP_DIR/etcd)
#   CP_PORT, CP_ETCD_PORT, CP_PEER_PORT, CP_KWOK_PORT   (default: 16443 and the next three)
#   CP_AUDIT   1: an audit log (metadata level) of every request in CP_DIR/audit.log
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CP_DIR=${CP_DIR:-${TMPDIR:-/tmp}/sluice-controlplane-$UID}
CP_PARTS=${CP_PARTS-kube-controller-manager kube-scheduler kwok}
CP_PORT=${CP_PORT:-16443}
CP_ETCD_PORT=${CP_ETCD_PORT:-$((CP_PORT + 1))}
CP_PEER_PORT=${CP_PEER_PORT:-$((CP_PORT + 2))}
CP_KWOK_PORT=${CP_KWOK_PORT:-$((CP_PORT + 3))}
KUBECTL=${KUBECTL:-kubectl}
if [ -z "${CP_DATA:-}" ]; then
  if [ -w /dev/shm ]; then CP_DATA=/dev/shm/$(basename "$CP_DIR")-etcd; else CP_DATA=$CP_DIR/etcd; fi
fi
pki=$CP_DIR/pki logs=$CP_DIR/log pids=$CP_DIR/pid
own_kubeconfig=$CP_DIR/kubeconfig

die() {
  echo "controlplane: $*" >&2
  exit 1
}

program() { # name -> path
  if [ -n "${KUBE_BIN:-}" ] && [ -x "$KUBE_BIN/$1" ]; then echo "$KUBE_BIN/$1"; return; fi
  command -v "$1" || die "no $1 in KUBE_BIN=${KUBE_BIN:-} nor on PATH; controlplane/build.sh makes it"
}

has() { [[ " $CP_PARTS " == *" $1 "* ]]; }

runs() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; } # pid; ended but unburied: no

alive() { [ -s "$pids/$1" ] && runs "$(cat "$pids/$1")"; }

start() { # name command...
  local name=$1
  shift
  if alive "$name"; then return 0; fi
  setsid "$@" >>"$logs/$name.log" 2>&1 </dev/null &
  echo $! >"$pids/$name"
}

stop() { # name
  local pid try
  [ -s "$pids/$1" ] || return 0
  pid=$(cat "$pids/$1")
  if kill "$pid" 2>/dev/null; then
    for try in $(seq 50); do runs "$pid" || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  fi
  rm -f "$pids/$1"
}

end() { # name
  local pid
  [ -s "$pids/$1" ] || return 0
  pid=$(cat "$pids/$1")
  kill -9 "$pid" 2>/dev/null || return 0
  while runs "$pid"; do sleep 0.05; done
}

certificate() { # file common-name organisation [alternative-names]
  local file=$pki/$1
  openssl ecparam -name prime256v1 -genkey -noout -out "$file.key" 2>/dev/null
  openssl req -new -key "$file.key" -subj "/O=$3/CN=$2" -out "$file.csr" 2>/dev/null
  { echo "keyUsage=digitalSignature,keyEncipherment"
    echo "extendedKeyUsage=serverAuth,clientAuth"
    [ -z "${4:-}" ] || echo "subjectAltName=$4"; } >"$file.ext"
  openssl x509 -req -in "$file.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial \
    -days 3650 -extfile "$file.ext" -out "$file.crt" 2>/dev/null
  rm -f "$file.csr" "$file.ext"
}

make_pki() {
  if [ -s "$pki/sa.pub" ]; then return 0; fi
  mkdir -p "$pki" && chmod 700 "$pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj "/CN=sluice-e2e" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
  certificate apiserver kube-apiserver kubernetes \
    "IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  certificate admin admin system:masters                        # the tests and kubectl
  certificate controller controller-under-test system:masters   # told apart from the tests in the audit log
  certificate kcm system:kube-controller-manager system:masters
  certificate scheduler system:kube-scheduler system:masters
  certificate kwok kwok system:masters
  openssl genrsa -out "$pki/sa.key" 2048 2>/dev/null
  openssl rsa -in "$pki/sa.key" -pubout -out "$pki/sa.pub" 2>/dev/null
}

kubeconfig() { # file user
  cat >"$1" <<EOF
apiVersion: v1
kind: Config
current-context: e2e
clusters:
- name: e2e
  cluster: {server: "https://127.0.0.1:$CP_PORT", certificate-authority: "$pki/ca.crt"}
users:
- name: $2
  user: {client-certificate: "$pki/$2.crt", client-key: "$pki/$2.key"}
contexts:
- name: e2e
  context: {cluster: e2e, user: $2, namespace: default}
EOF
  chmod 600 "$1"
}

wait_for() { # url tries
  local try
  for try in $(seq "$2"); do
    if curl -fsS --max-time 2 --noproxy '*' --cacert "$pki/ca.crt" "$1" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  return 1
}

start_etcd() {
  local etcd
  etcd=$(program etcd)
  case "$("$etcd" --version 2>/dev/null | sed -n 's/^etcd Version: //p')" in
    3.4.* | 3.5.[0-7]) die "etcd is too old: 3.5.8 or newer is needed (watch progress)" ;;
  esac
  start etcd "$etcd" --name e2e --data-dir "$CP_DATA" --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$CP_ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$CP_ETCD_PORT" \
    --listen-peer-urls "http://127.0.0.1:$CP_PEER_PORT" --initial-advertise-peer-urls "http://127.0.0.1:$CP_PEER_PORT" \
    --initial-cluster "e2e=http://127.0.0.1:$CP_PEER_PORT" --quota-backend-bytes 4294967296
  wait_for "http://127.0.0.1:$CP_ETCD_PORT/health" 200 || die "etcd did not come up, see $logs/etcd.log"
}

start_apiserver() { # ConfigMaps go past the watch cache, so that the contract suite can watch a compacted version
  local audit=()
  if [ "${CP_AUDIT:-0}" = 1 ]; then
    printf '%s\n' 'apiVersion: audit.k8s.io/v1' 'kind: Policy' 'omitStages: [RequestReceived]' 'rules: [{level: Metadata}]' \
      >"$CP_DIR/audit-policy.yaml"
    audit=(--audit-policy-file "$CP_DIR/audit-policy.yaml" --audit-log-path "$CP_DIR/audit.log" --audit-log-maxsize 2000)
  fi
  start kube-apiserver "$(program kube-apiserver)" \
    --bind-address 127.0.0.1 --secure-port "$CP_PORT" --advertise-address 127.0.0.1 --endpoint-reconciler-type none \
    --etcd-servers "http://127.0.0.1:$CP_ETCD_PORT" \
    --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" --client-ca-file "$pki/ca.crt" \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$pki/sa.pub" --service-account-signing-key-file "$pki/sa.key" \
    --service-cluster-ip-range 10.96.0.0/16 --authorization-mode RBAC --anonymous-auth=true \
    --disable-admission-plugins TaintNodesByCondition,ServiceAccount --enable-priority-and-fairness=false \
    --watch-cache-sizes configmaps#0 --max-requests-inflight 0 --max-mutating-requests-inflight 0 \
    --allow-privileged=true --profiling=false --event-ttl 1h "${audit[@]}"
  wait_for "https://127.0.0.1:$CP_PORT/readyz" 600 || die "kube-apiserver did not come up, see $logs/kube-apiserver.log"
}

start_controllers() {
  local quiet=(--bind-address 127.0.0.1 --secure-port 0 --leader-elect=false --kube-api-qps 500 --kube-api-burst 1000
    --profiling=false)
  local controllers=replicaset-controller,deployment-controller,job-controller,garbage-collector-controller
  controllers+=,disruption-controller,endpointslice-controller,namespace-controller,serviceaccount-controller
  controllers+=,pod-garbage-collector-controller,ttl-after-finished-controller,clusterrole-aggregation-controller
  kubeconfig "$CP_DIR/kcm.kubeconfig" kcm
  start kube-controller-manager "$(program kube-controller-manager)" --kubeconfig "$CP_DIR/kcm.kubeconfig" \
    --controllers "$controllers" --service-account-private-key-file "$pki/sa.key" --root-ca-file "$pki/ca.crt" \
    --use-service-account-credentials=false "${quiet[@]}"
  if has kube-scheduler; then
    kubeconfig "$CP_DIR/scheduler.kubeconfig" scheduler
    start kube-scheduler "$(program kube-scheduler)" --kubeconfig "$CP_DIR/scheduler.kubeconfig" "${quiet[@]}"
  fi
}

start_nodes() { # kubeconfig of kwok, seconds of a node's lease (0: nobody here asks); KUBECONFIG is kubectl's
  "$KUBECTL" apply --server-side -f "$here/kwok/nodes.yaml" >/dev/null
  cat "$here"/kwok/stage-*.yaml >"$CP_DIR/kwok-stages.yaml"
  start kwok "$(program kwok)" --config "$CP_DIR/kwok-stages.yaml" --kubeconfig "$1" \
    --manage-all-nodes=false --manage-nodes-with-label-selector type=kwok --node-ip 127.0.0.1 --cidr 10.0.0.0/16 \
    --server-address "127.0.0.1:$CP_KWOK_PORT" --node-lease-duration-seconds "$2"
  "$KUBECTL" wait --for=condition=Ready nodes -l type=kwok --timeout=30s >/dev/null \
    || die "no node got ready, see $logs/kwok.log"
}

nodes() {
  : "${KUBECONFIG:?which cluster?}"
  mkdir -p "$logs" "$pids"
  "$KUBECTL" cordon -l 'type!=kwok' >/dev/null
  start_nodes "$KUBECONFIG" 40 # a whole cluster drains nodes that renew none
}

up() {
  local tool
  for tool in openssl curl setsid; do command -v "$tool" >/dev/null || die "$tool is missing: install it"; done
  mkdir -p "$logs" "$pids" "$CP_DATA"
  make_pki
  kubeconfig "$own_kubeconfig" admin
  kubeconfig "$CP_DIR/controller.kubeconfig" controller
  start_etcd
  start_apiserver
  if has kube-controller-manager; then start_controllers; fi
  if has kwok; then
    kubeconfig "$CP_DIR/kwok.kubeconfig" kwok
    export KUBECONFIG=$own_kubeconfig
    start_nodes "$CP_DIR/kwok.kubeconfig" 0
  fi
  echo "export KUBECONFIG=$own_kubeconfig"
}

down() {
  local name # nobody will miss the data: no graceful end, which takes ten seconds in all
  for name in kwok kube-scheduler kube-controller-manager kube-apiserver etcd; do end "$name"; done
  rm -rf "$CP_DATA" "$CP_DIR"
}

start_again() { # part
  case "$1" in
    etcd) start_etcd ;;
    kube-apiserver) start_apiserver ;;
    *) die "start what? etcd or kube-apiserver; \`up\` starts the others" ;;
  esac
}

status() {
  local name down=0
  for name in etcd kube-apiserver $CP_PARTS; do
    if alive "$name"; then
      printf '%-26s pid %-8s rss %s KiB\n' "$name" "$(cat "$pids/$name")" \
        "$(awk '/VmRSS/{print $2}' "/proc/$(cat "$pids/$name")/status")"
    else
      echo "$name down"
      down=1
    fi
  done
  echo "KUBECONFIG=$own_kubeconfig"
  return $down
}

case "${1:-}" in
  up) up ;;
  nodes) nodes ;;
  down) down ;;
  status) status ;;
  stop) stop "${2:?which part?}" ;;
  start) start_again "${2:?which part?}" ;;
  *)
    sed -n '2,19p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
    exit 2
    ;;
esac
