#!/usr/bin/env bash
# Debian 12 as root: installs what the suites need and lacks, and starts Docker if no daemon answers. Elsewhere it says what is missing.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v Xvfb >/dev/null || missing+=(xvfb xauth)
command -v nft >/dev/null || missing+=(nftables)
command -v ip >/dev/null || missing+=(iproute2)
command -v dig >/dev/null || missing+=(dnsutils)
command -v curl >/dev/null || missing+=(curl)
command -v jq >/dev/null || missing+=(jq)
command -v kubectl >/dev/null || missing+=(kubernetes-client)
/usr/bin/python3 -c 'import kubernetes' 2>/dev/null || missing+=(python3-kubernetes)
docker_up() { curl -sf --unix-socket /var/run/docker.sock http://d/_ping >/dev/null 2>&1; }
docker_up || command -v dockerd >/dev/null || missing+=(docker.io iptables conntrack cgroupfs-mount)
if ((${#missing[@]})); then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "The test suites need: ${missing[*]}. Install them (on Debian, as root, this script does it)." >&2; exit 1
  fi
  echo "installing ${missing[*]}" >&2
  apt-get update -qq
  # policy-rc.d keeps a package from starting its daemon itself
  [[ -e /usr/sbin/policy-rc.d ]] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; ours=1; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  [[ -z ${ours:-} ]] || rm -f /usr/sbin/policy-rc.d
fi
docker_up && exit 0
mountpoint -q /sys/fs/cgroup || cgroupfs-mount
rm -f /var/run/docker.pid
setsid dockerd --ip-forward=true >/var/log/dockerd.log 2>&1 </dev/null &
for _ in $(seq 300); do docker_up && exit 0; sleep 0.1; done
tail -n 20 /var/log/dockerd.log >&2; echo "dockerd did not answer in 30 s" >&2; exit 1
