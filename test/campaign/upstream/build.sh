#!/usr/bin/env bash
# Makes Kubernetes' own end-to-end suite, version 1.20, from Debian's source package: the newest that Debian 12 has.
#
#   build.sh DIR
#
# Leaves in DIR: e2e.test, ginkgo (which runs it several times side by side), kubectl (of the same version), src (the sources, whose manifests the suite reads), and puts into Docker the images its pods run, under
# the names the suite knows. Needs root, apt-get and Docker. Two cores take about twenty minutes, most of it the Go compiler.
set -euo pipefail
umask 022
DIR=$(realpath -m "${1:?build.sh DIR}")
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
IMAGES=$HERE/../../images
SRC=$DIR/gopath/src/k8s.io/kubernetes
export GO111MODULE=off GOPATH=$DIR/gopath GOCACHE=$DIR/cache CGO_ENABLED=0 DEBIAN_FRONTEND=noninteractive
mkdir -p "$DIR"
cd "$DIR"

command -v go >/dev/null || apt-get install -y -qq --no-install-recommends golang-go >/dev/null
if [[ ! -d $SRC ]]; then
  # Debian's own source lists, asked for sources as well, for this call alone.
  mkdir -p sources lists/partial
  for f in /etc/apt/sources.list.d/*.sources; do [[ -e $f ]] && sed 's/^Types: deb$/Types: deb-src/' "$f" > "sources/$(basename "$f")"; done
  [[ -s /etc/apt/sources.list ]] && sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > sources/plain.list
  APT=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$DIR/sources" -o "Dir::State::lists=$DIR/lists" -o APT::Sandbox::User=root)
  "${APT[@]}" update
  "${APT[@]}" source --download-only kubernetes
  mkdir -p "$(dirname "$SRC")"
  tar xf kubernetes_*.orig.tar.gz
  mv kubernetes-*/ "$SRC"
  # Upstream makes this file from the manifests; the suite is told to read them from `src` (--repo-root).
  printf 'package generated\n\nimport "errors"\n\nfunc Asset(name string) ([]byte, error) { return nil, errors.New("no asset " + name) }\nfunc AssetNames() []string              { return nil }\n' > "$SRC/test/e2e/generated/bindata.go"
  # Since 1.24 a ServiceAccount has no Secret of its own, for which the suite waits.
  sed -i 's/return len(t.Secrets) > 0, nil/return len(t.Secrets) >= 0, nil/' "$SRC/test/e2e/framework/util.go"
  # Pods of a hosted offer, for which each case of the scheduler waits a minute.
  sed -i '/fluentd-elasticsearch\|node-problem-detector/d' "$SRC/test/e2e/framework/node/wait.go"
fi
ln -sfn "$SRC" src
cd "$SRC"
[[ -x $DIR/agnhost ]] || go build -ldflags '-s -w' -o "$DIR/agnhost" ./test/images/agnhost
[[ -x $DIR/nnp ]] || go build -ldflags '-s -w' -o "$DIR/nnp" ./test/images/nonewprivs
[[ -x $DIR/ginkgo ]] || go build -ldflags '-s -w' -o "$DIR/ginkgo" ./vendor/github.com/onsi/ginkgo/ginkgo
[[ -x $DIR/kubectl ]] || go build -ldflags '-s -w' -o "$DIR/kubectl" ./cmd/kubectl
[[ -x $DIR/e2e.test ]] || go test -c -vet=off -ldflags '-s -w' -o "$DIR/e2e.test" ./test/e2e

# Images: a stand-in of ours where the suite only needs the name (httpd is our nginx), its own programs where it needs them.
bash "$IMAGES/build.sh" pause:3.9 busybox:latest nginx:latest redis:latest tools:1
image() { # NAME DOCKERFILE-LINE...: built from DIR, without a registry
  local name=$1; shift
  docker image inspect "$name" >/dev/null 2>&1 && return
  local context=$DIR/context; rm -rf "$context"; mkdir -p "$context"
  cp "$DIR/agnhost" "$DIR/nnp" test/images/agnhost/porter/localhost.* "$context/"
  for page in kitten nautilus; do cp -r "test/images/$page/html" "$context/$page"; done
  printf '%s\n' "$@" > "$context/Dockerfile"
  docker build -q -t "$name" "$context" >/dev/null
}
E2E=gcr.io/kubernetes-e2e-test-images
AGNHOST=k8s.gcr.io/e2e-test-images/agnhost:2.21
image $AGNHOST 'FROM tools:1' 'COPY agnhost localhost.crt localhost.key /' 'RUN mkdir /uploads && ln -s agnhost /agnhost-2' 'EXPOSE 80 8080 8081 9376' 'ENTRYPOINT ["/agnhost"]' 'CMD ["pause"]'
for page in kitten nautilus; do image $E2E/$page:1.0 "FROM $AGNHOST" "COPY $page/ /" 'ENTRYPOINT ["/agnhost", "test-webserver"]'; done
image $E2E/nonroot:1.0 'FROM busybox:latest' 'USER 1234'
image $E2E/nonewprivs:1.0 'FROM busybox:latest' 'COPY nnp /usr/local/bin/nnp' 'RUN chmod +s /usr/local/bin/nnp' 'CMD ["nnp"]'
docker tag tools:1 $E2E/jessie-dnsutils:1.0
docker tag tools:1 perl:5.26
# The suite knows the words of busybox's own shell; ours has bash in its place.
image busybox:1.29 'FROM busybox:latest' 'RUN ["/bin/busybox", "ln", "-sf", "busybox", "/bin/sh"]'
docker tag redis:latest redis:5.0.5-alpine
docker tag pause:3.9 k8s.gcr.io/pause:3.2
for name in nginx:1.14-alpine nginx:1.15-alpine; do docker tag nginx:latest "$name"; done
# The suite takes the page away to make a pod unready.
for name in httpd:2.4.38-alpine httpd:2.4.39-alpine; do
  image $name 'FROM nginx:latest' 'RUN mkdir -p /usr/local/apache2 && mv /usr/share/nginx/html /usr/local/apache2/htdocs && ln -s /usr/local/apache2/htdocs /usr/share/nginx/html'
done
