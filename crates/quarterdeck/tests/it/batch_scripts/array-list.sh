#!/bin/bash
#SBATCH -a 1,3,5-7:2
sed -n "${SLURM_ARRAY_TASK_ID}p" parameters.txt | xargs ./run
