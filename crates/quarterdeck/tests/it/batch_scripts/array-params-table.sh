#!/bin/bash
#SBATCH --array=1-20
#SBATCH -t 0-04
LINE=$(sed -n "${SLURM_ARRAY_TASK_ID}p" table.tsv)
IFS=$'\t' read -r alpha beta gamma <<< "$LINE"
python3 model.py --alpha "$alpha" --beta "$beta" --gamma "$gamma"
