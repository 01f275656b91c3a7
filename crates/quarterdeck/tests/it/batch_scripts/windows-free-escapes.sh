#!/bin/bash
#SBATCH -t 5
echo $'tab\there' "bell\a"
echo `date +%s`
echo "$(echo "nested $(echo deep)")"
: <<'COMMENT'
it's left out
COMMENT
