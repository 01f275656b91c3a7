#!/bin/bash
#SBATCH --job-name=cfd
#SBATCH -n 4

# what to change
CASE=cavity          # directory of the case
STEPS=500
SOLVER="icoFoam"
WHERE='/scratch/my runs'
SCALE=0.5

cd "$WHERE/$CASE"
mpirun -np $SLURM_NTASKS $SOLVER -parallel -steps $STEPS -scale ${SCALE} > log.$SOLVER
