#!/bin/bash
#SBATCH -t 5
NAMES=(a b c)
echo ${#NAMES[@]} ${NAMES[@]/%/.txt}
awk '{{print $1}} {%d}' file || true
docker inspect -f '{{.State.Running}}' x || true
echo '{% raw %} {% endraw %} {%- endraw -%} {#'
