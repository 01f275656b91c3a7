#!/bin/bash
#SBATCH -t 8:00:00
module purge
module use /apps/modules
module load \
  gcc/12.2 \
  openmpi/4.1.5
module list 2>&1
ulimit -s unlimited
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
srun --cpu-bind=cores ./hybrid
