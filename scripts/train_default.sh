#!/usr/bin/env bash
# Train the default model: scripts/train_default.sh DATA OUT [--set SECTION.KEY=VALUE ...]
#
# DATA is a dataset folder or a pack. Trains both stages and writes OUT/model; needs no network. To
# go on after an interruption run the same line again. MAX_SECONDS=600 stops after ten minutes with
# a checkpoint; PRESET=tiny takes another preset; PYTHON=python3.12 another interpreter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$here/../src${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python}" "$here/train_default.py" "${@:1:2}" --preset "${PRESET:-default}" \
  ${MAX_SECONDS:+--max-seconds "$MAX_SECONDS"} "${@:3}"
