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
