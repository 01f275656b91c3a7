#!/bin/bash -l
#SBATCH --export=NONE
#SBATCH --get-user-env=L
unset SLURM_EXPORT_ENV
module purge
module load intel/2023 impi
srun ./code
