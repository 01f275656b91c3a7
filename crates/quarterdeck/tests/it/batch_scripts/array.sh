#!/bin/bash
#SBATCH --array=0-99%10
#SBATCH --output=out/%A_%a.txt
#SBATCH --mem=500M
FILES=(data/*.csv)
IN=${FILES[$SLURM_ARRAY_TASK_ID]}
echo "${#FILES[@]} files, this: $IN"
./process "$IN"
