#!/bin/bash
#PBS -l nodes=1:ppn=4
#SBATCH -n 4
#PBS -N old
cd ${PBS_O_WORKDIR:-$SLURM_SUBMIT_DIR}
./run
