#!/bin/bash
#SBATCH -t 5
python3 - <<'PY'
values = {'a': 1, 'b': {2, 3}}
print(f"{values['a']:>{10}}")
# {% not a block %}
print('%s' % values)
PY
