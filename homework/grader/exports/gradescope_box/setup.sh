#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image. Choose Ubuntu 22.04 or newer: Python 3.11 is needed.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
apt-get update -qq
install mariadb-server ca-certificates python3 python3-venv
python=python3
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    install python3.11 python3.11-venv
    python=python3.11
fi
cd "${AUTOGRADER:-/autograder}/source"
"$python" ./seckill doctor # makes .venv now, not at every submission
if [[ $python == python3.11 ]]; then # 22.04 has 3.11.0rc1: older than 3.11.3 to redis, not to pip
    .venv/bin/python -m pip install -q -c constraints.txt async-timeout
fi
chmod -R go= homework # no walls in a container: a submission runs as another user, who reads no solution and no check
