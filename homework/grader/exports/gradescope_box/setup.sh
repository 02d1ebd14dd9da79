#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image. Choose its newest Ubuntu: Python 3.11 is needed.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends mariadb-server ca-certificates >/dev/null
apt-get install -y -qq --no-install-recommends python3.12 python3.12-venv >/dev/null 2>&1 ||
    apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv >/dev/null
cd /autograder/source
"$(command -v python3.12 || command -v python3.11)" ./seckill doctor   # makes .venv now, not at every submission
