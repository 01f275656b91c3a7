#!/bin/bash
#SBATCH -t 10:00
#SBATCH -J again
if [[ -f done ]]; then exit 0; fi
./step || exit 1
if [ ! -f done ]; then
  sbatch --dependency=afterok:$SLURM_JOB_ID "$0"
fi
